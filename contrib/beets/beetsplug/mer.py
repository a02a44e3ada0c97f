# Part of mer (music emotion recognition), under the Apache License 2.0.
"""Moods by `mer` as fields of beets.

    beet mer [QUERY]            from a list that `mer predict --format jsonl` wrote (mer.list), or by the program itself

Fields: mood, mer_emotion, mer_confidence, mer_valence and mer_arousal (0 to 1, 0.5 in the middle, as `mer tag --numbers`
writes them), mer_happy and so on, mer_tags.
"""

import base64
import json
import os
import subprocess
import tempfile

from beets import ui
from beets.dbcore import types
from beets.plugins import BeetsPlugin
from beets.util import bytestring_path, displayable_path, normpath

CLASSES = ("happy", "anger", "sad", "relaxed")


class MerPlugin(BeetsPlugin):
    item_types = {
        "mer_confidence": types.FLOAT,
        "mer_valence": types.FLOAT,
        "mer_arousal": types.FLOAT,
        **{f"mer_{name}": types.FLOAT for name in CLASSES},
    }

    def __init__(self):
        super().__init__()
        self.config.add(
            {
                "auto": False,  # on import, by the program
                "list": None,  # what mer predict --format jsonl wrote
                "map_path": {},  # where files of the list are here: FROM: TO
                "program": "mer",
                "model": None,
                "min_confidence": 0.5,  # below it there is no mood
                "existing": "keep",  # or replace: moods that are there
                "words": {},  # of your own: anger: Aggressive
                "write": False,  # also into the files' tags, as beets writes them
            }
        )
        if self.config["auto"].get(bool):
            self.import_stages = [self.imported]

    def commands(self):
        command = ui.Subcommand("mer", help="moods of songs by mer")
        command.parser.add_option("-p", "--pretend", action="store_true", help="show what would be stored")
        command.parser.add_option("-f", "--force", action="store_true", help="replace moods that are there")
        command.parser.add_option("-l", "--list", help="a list of mer predict --format jsonl")
        command.func = self.run
        return [command]

    def run(self, lib, options, args):
        if options.force:
            self.config["existing"].set("replace")
        items = list(lib.items(ui.decargs(args)))
        name = options.list or self.config["list"].get()
        if name:
            answers = self.answers_of(os.path.expanduser(name))
            missing = [item for item in items if normpath(item.path) not in answers]
        else:
            answers, missing = self.predict(items), []
        changed = sum(self.store(item, answers[normpath(item.path)], options.pretend) for item in items
                      if normpath(item.path) in answers)  # fmt: skip
        for item in missing:
            self._log.debug("not in the list: {}", displayable_path(item.path))
        words = "to change" if options.pretend else "changed"
        self._log.info("{} songs, {} {}, {} not in the list", len(items), changed, words, len(missing))

    def imported(self, session, task):
        items = task.imported_items()
        answers = self.predict(items)
        for item in items:
            if normpath(item.path) in answers:
                self.store(item, answers[normpath(item.path)], False)

    # ---- Answers by path, as bytes

    def answers_of(self, file):
        """Of a list; paths are mapped to where the files are here."""
        moves = [(bytestring_path(a), bytestring_path(b)) for a, b in self.config["map_path"].get(dict).items()]
        answers = {}
        try:
            with open(file, encoding="utf-8") as lines:
                for number, line in enumerate(lines, 1):
                    try:
                        answer = json.loads(line)
                        path = self.path_of(answer)
                    except (ValueError, KeyError, TypeError):
                        raise ui.UserError(f"mer: {file}:{number}: is no line of mer predict --format jsonl") from None
                    for old, new in moves:
                        if path.startswith(old.rstrip(b"/") + b"/"):
                            path = new.rstrip(b"/") + path[len(old.rstrip(b"/")) :]
                            break
                    answers[normpath(path)] = answer
        except OSError as error:
            raise ui.UserError(f"mer: {file}: {error.strerror}") from None
        return answers

    @staticmethod
    def path_of(answer):
        if "path_bytes" in answer:
            return base64.b64decode(answer["path_bytes"])
        return bytestring_path(answer["path"])

    def predict(self, items):
        """By the program; one song that it can't read does not stop the others."""
        if not items:
            return {}
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "moods.jsonl")
            command = [self.config["program"].as_str(), "predict", "-", "--format", "jsonl", "-o", file, "-q"]
            if self.config["model"].get():
                command += ["-m", self.config["model"].as_str()]
            try:
                done = subprocess.run(command, input=b"\0".join(item.path for item in items), stderr=subprocess.PIPE)
            except OSError as error:
                raise ui.UserError(f"mer: {command[0]}: {error.strerror}; is mer installed?") from None
            said = done.stderr.decode(errors="replace").strip()
            if done.returncode not in (0, 3):
                raise ui.UserError(f"mer: {said}")
            if said:
                self._log.warning("{}", said)
            with open(file, encoding="utf-8") as lines:
                answers = [json.loads(line) for line in lines]
        # A list names a file by its folder without links.
        by_file = {os.path.realpath(self.path_of(answer)): answer for answer in answers}
        found = {normpath(item.path): by_file.get(os.path.realpath(item.path)) for item in items}
        return {path: answer for path, answer in found.items() if answer}

    # ---- Fields

    def fields_of(self, answer):
        if answer["status"] != "ok":
            return {}
        fields = {}
        emotion, confidence = answer.get("emotion"), answer.get("confidence")
        if emotion:
            fields["mer_emotion"] = emotion
            fields["mer_confidence"] = round(confidence, 3)
            if confidence >= self.config["min_confidence"].get(float):
                fields["mood"] = self.config["words"].get(dict).get(emotion, emotion)
        for name, probability in (answer.get("probabilities") or {}).items():
            fields[f"mer_{name}"] = round(probability, 3)
        for axis in ("valence", "arousal"):
            if answer.get(axis) is not None:
                fields[f"mer_{axis}"] = round((answer[axis] + 1) / 2, 3)
        if answer.get("labels"):
            fields["mer_tags"] = "; ".join(answer["labels"])
        return fields

    def store(self, item, answer, pretend):
        """Whether something changes."""
        fields = self.fields_of(answer)
        mine = item.get("mer_emotion")
        words = self.config["words"].get(dict)
        is_mine = mine is not None and item.get("mood") in (mine, words.get(mine))
        if item.get("mood") and not is_mine and self.config["existing"].get() != "replace":
            fields.pop("mood", None)
        changes = {name: value for name, value in fields.items() if item.get(name) != value}
        # What mer said before and does not say any more goes.
        stale = [name for name in ("mer_emotion", "mer_confidence") if name not in fields and item.get(name)]
        if is_mine and "mood" not in fields and item.get("mood"):
            stale.append("mood")
        if not changes and not stale:
            return False
        if pretend:
            told = ", ".join(f"{name}: {value}" for name, value in changes.items() if name in ("mood", "mer_confidence"))
            ui.print_(f"{displayable_path(item.path)}: {told or 'numbers'}")
            return True
        item.update(changes)
        for name in stale:
            del item[name]
        item.store()
        if self.config["write"].get(bool):
            item.try_write()
        return True
