#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <sstream>

#include "command.hpp"
#include "mer/core/error.hpp"
#include "mer/core/system_reason.hpp"
#include "mer/core/text.hpp"
#include "mer/core/version.hpp"
#include "terminal.hpp"

namespace mer::app {

// Every subcommand, in the order of `mer --help`: name, whether it always needs LibTorch, help. A
// new one is a line here and a file cmd_<name>.cpp with add_<name>(); its half that needs LibTorch,
// if it has one, is engine/run_<name>.cpp.
#define MER_VERBS(VERB)                                                                \
  VERB(predict, true, "Tell which emotion songs carry")                                \
  VERB(tag, false, "Show or store the emotion of songs in their own tags (MOOD)")      \
  VERB(playlist, false, "Write a playlist per emotion, most typical songs first")      \
  VERB(map, false, "Draw a library as one page: search, hear, choose, save playlists") \
  VERB(similar, false, "Find the songs of a library that sound most like one of them") \
  VERB(train, false, "Train a network or a classical system into a new run folder")    \
  VERB(eval, true, "Score trained systems on labelled songs")                          \
  VERB(sweep, false, "Train and score every cell of a grid and compare them")          \
  VERB(report, false, "Make one HTML page of a run or a sweep")                        \
  VERB(preprocess, false, "Turn audio files into feature files")                       \
  VERB(features, false, "Write features of songs for other programs, or draw them")    \
  VERB(import, false, "Write a manifest for a corpus on disk")                         \
  VERB(synth, false, "Compose the small demo corpus")                                  \
  VERB(info, false, "Show a run, a model or a feature file; alone: bundled models")    \
  VERB(doctor, true,                                                                   \
       "Check this installation: versions, threads, BLAS, formats that really decode") \
  VERB(completion, false, "Print the shell completion")

#define MER_DECLARE_VERB(name, needs_engine, help) \
  std::function<int()> add_##name(CLI::App& parser);
MER_VERBS(MER_DECLARE_VERB)

const std::vector<Verb>& verbs() {
#define MER_VERB_ROW(name, needs_engine, help) {#name, help, add_##name, needs_engine},
  static const std::vector<Verb> table = {MER_VERBS(MER_VERB_ROW)};
  return table;
}

namespace {

std::vector<std::string> g_arguments;  // set once, before anything runs

std::vector<std::string> verb_names() {
  std::vector<std::string> names;
  for (const Verb& verb : verbs()) names.emplace_back(verb.name);
  return names;
}

/// The options' long and short names of a verb.
std::vector<std::string> option_names(const CLI::App& verb) {
  std::vector<std::string> names;
  for (const CLI::Option* option : verb.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

int unknown_verb(const std::string& word) {
  const auto near = nearest_word(word, verb_names());
  log_error("unknown command '" + word + "'" + (near ? ", did you mean '" + *near + "'?" : ""),
            "mer --help lists the commands");
  return kUsage;
}

/// CLI11's own text, in this program's form.
int parse_error(CLI::App& app, const CLI::ParseError& error) {
  const auto chosen = app.get_subcommands();
  const CLI::App& verb = chosen.empty() ? app : *chosen.front();
  std::string message = error.what();
  std::string hint = (chosen.empty() ? "mer" : "mer " + verb.get_name()) + " --help";
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    const auto extras = verb.remaining(true);
    const auto unknown = std::find_if(extras.begin(), extras.end(), [](const std::string& word) {
      return word.size() > 1 && word.front() == '-';
    });
    if (unknown != extras.end()) {
      const auto near = nearest_word(unknown->substr(0, unknown->find('=')), option_names(verb));
      message = "unknown option '" + *unknown + "'";
      if (near) hint = "did you mean '" + *near + "'?";
    } else if (!extras.empty()) {
      message = "unexpected argument '" + extras.front() + "'";
    }
  }
  if (!message.empty() && message.back() == '\n') message.pop_back();
  log_error(message, hint);
  return kUsage;
}

/// CLI11's texts end without a line feed when there is a footer.
void print_text(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  if (text.empty() || text.back() != '\n') std::fputs("\n", stdout);
}

/// As a program ends whose pipe nobody reads any more; here all has been tidied up.
int end_without_reader() {
  std::signal(SIGPIPE, SIG_DFL);
  std::raise(SIGPIPE);
  return kFailed;
}

int run_guarded(const std::string& name, const std::function<int()>& run) {
  try {
    const int code = run();
    // What printf could not write would otherwise be lost without a word.
    if (std::fflush(stdout) != 0) throw Error("stdout: cannot be written: " + reason_of(errno));
    if (std::ferror(stdout) != 0) throw Error("stdout: cannot be written");
    return code;
  } catch (const Interrupted& error) {
    log_error(error.what(), error.hint());
    return kInterrupted;
  } catch (const UsageError& error) {
    log_error(error.what(), error.hint().empty() ? "mer " + name + " --help" : error.hint());
    return kUsage;
  } catch (const InputError& error) {
    log_error(error.what(), error.hint());
    return kSomeInputsFailed;
  } catch (const Error& error) {
    log_error(error.what(), error.hint());
    return kFailed;
  } catch (const std::bad_alloc&) {
    log_error("out of memory", "lower -j or train.batch_size");
    return kFailed;
  } catch (const std::filesystem::filesystem_error& error) {
    log_error(error.path1().string() + ": " + reason_of(error.code().value()), "");
    return kFailed;
  } catch (const std::exception& error) {
    log_error(std::string("internal error: ") + error.what(), "");
    return kFailed;
  }
}

}  // namespace

const std::vector<std::string>& process_arguments() { return g_arguments; }

int run_command_line(int argc, char** argv) {
  g_arguments.assign(argv, argv + argc);
  log_to_stderr();
  CLI::App app("Music emotion recognition: which of four emotions does a song carry?", "mer");
  app.set_version_flag("--version", std::string("mer ") + kVersion);
  app.footer(
      "Start here:  mer predict song.wav\nEach command explains itself:  mer COMMAND --help");
  std::vector<std::function<int()>> runs;
  for (const Verb& verb : verbs())
    runs.push_back(verb.add(*app.add_subcommand(verb.name, verb.help)));
  app.require_subcommand(0, 1);

  if (argc > 1 && argv[1][0] != '-') {
    const auto names = verb_names();
    if (std::find(names.begin(), names.end(), argv[1]) == names.end()) {
      return unknown_verb(argv[1]);
    }
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {  // --help, --version
    std::ostringstream text;
    app.exit(success, text, text);
    print_text(text.str());
    return kDone;
  } catch (const CLI::ParseError& error) {
    return parse_error(app, error);
  }
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const Verb& verb = verbs()[i];
    if (!app.get_subcommand(verb.name)->parsed()) continue;
    const int code = run_guarded(verb.name, [&] {
      if (verb.needs_engine && !is_engine()) become_engine();
      return runs[i]();
    });
    return pipe_is_closed() ? end_without_reader() : code;
  }
  print_text(app.help());
  return kDone;
}

}  // namespace mer::app
