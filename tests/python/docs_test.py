"""The Python blocks of docs/python.md and the cells of the notebooks do what they say."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from importlib.util import find_spec
from pathlib import Path

import mer

SOURCE = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"(?:<!-- needs ([\w ]+) -->\n)?^```python\n(.*?)^```\n", re.MULTILINE | re.DOTALL)


@unittest.skipUnless(os.environ.get("MER_NETWORK_FILES"), "built without LibTorch")
@unittest.skipUnless(find_spec("torch"), "no PyTorch")
class Examples(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        before = Path.cwd()
        os.chdir(temporary.name)
        self.addCleanup(os.chdir, before)
        shutil.copy(SOURCE / "tests/fixtures/sample_song.flac", "song.flac")
        for words in ("synth -o songs --songs 16 --seconds 4 -q", "import folder songs -o songs.csv"):
            subprocess.run([str(mer.program()), *words.split()], check=True, capture_output=True)

    def execute(self, pieces, name):
        namespace = {}
        for number, code in enumerate(pieces):
            with self.subTest(f"{name}, piece {number + 1}"):
                exec(compile(code, f"{name}:{number + 1}", "exec"), namespace)

    def test_page(self):
        page = (SOURCE / "docs/python.md").read_text(encoding="utf-8")
        blocks = BLOCK.findall(page)
        self.assertEqual(len(blocks), page.count("```python"))
        for needed, code in blocks:
            compile(code, "docs/python.md", "exec")
        here = [code for needed, code in blocks if "mirdata" not in needed and all(map(find_spec, needed.split()))]
        self.execute(here, "docs/python.md")

    def test_notebooks(self):
        for file in (SOURCE / "python/examples").glob("*.ipynb"):
            notebook = json.loads(file.read_text(encoding="utf-8"))
            cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
            self.assertTrue(
                all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells), "clear it"
            )
            self.execute(["".join(cell["source"]) for cell in cells], file.name)

    @unittest.skipUnless(find_spec("nbclient"), "no nbclient")
    def test_notebooks_in_jupyter(self):
        import nbclient
        import nbformat

        for file in (SOURCE / "python/examples").glob("*.ipynb"):
            notebook = nbformat.read(file, as_version=4)
            nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": "."}}).execute()


if __name__ == "__main__":
    unittest.main()
