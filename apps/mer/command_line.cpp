#include <algorithm>
#include <cstdio>
#include <exception>
#include <nlohmann/json.hpp>
#include <sstream>

#include "command.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "mer/core/version.hpp"
#include "terminal.hpp"

namespace mer::app {
namespace {

std::vector<std::string> g_arguments;  // set once, before anything runs

std::vector<std::string> verb_names(CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* verb : verbs_of(app)) names.push_back(verb->get_name());
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

int unknown_verb(CLI::App& app, const std::string& word) {
  const auto near = nearest_word(word, verb_names(app));
  print_error("unknown command '" + word + "'" + (near ? ", did you mean '" + *near + "'?" : ""),
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
  print_error(message, hint);
  return kUsage;
}

/// CLI11's texts end without a line feed when there is a footer.
void print_text(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  if (text.empty() || text.back() != '\n') std::fputs("\n", stdout);
}

int run_guarded(const Command& command) {
  try {
    const int code = command.run();
    // What printf could not write would otherwise be lost without a word.
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
      throw Error("stdout: cannot be written", "is the disk full?");
    }
    return code;
  } catch (const Interrupted& error) {
    print_error(error.what(), error.hint());
    return kInterrupted;
  } catch (const UsageError& error) {
    print_error(error.what(), error.hint().empty() ? "mer " + command.parser->get_name() + " --help"
                                                   : error.hint());
    return kUsage;
  } catch (const InputError& error) {
    print_error(error.what(), error.hint());
    return kSomeInputsFailed;
  } catch (const Error& error) {
    print_error(error.what(), error.hint());
    return kFailed;
  } catch (const std::bad_alloc&) {
    print_error("out of memory", "lower -j or train.batch_size");
    return kFailed;
  } catch (const std::exception& error) {
    print_error(std::string("internal error: ") + error.what(), "");
    return kFailed;
  }
}

}  // namespace

std::vector<CLI::App*> verbs_of(CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

const std::vector<std::string>& process_arguments() { return g_arguments; }

int run_command_line(int argc, char** argv) {
  g_arguments.assign(argv, argv + argc);
  CLI::App app("Music emotion recognition: which of four emotions does a song carry?", "mer");
  app.set_version_flag("--version", std::string("mer ") + kVersion);
  app.footer(
      "Start here:  mer predict song.wav\nEach command explains itself:  mer COMMAND --help");
  const std::vector<Command> commands = {
      add_predict(app), add_tag(app),    add_playlist(app),   add_train(app),     add_eval(app),
      add_sweep(app),   add_report(app), add_preprocess(app), add_features(app),  add_import(app),
      add_synth(app),   add_info(app),   add_doctor(app),     add_completion(app)};
  app.require_subcommand(0, 1);

  if (argc > 1 && argv[1][0] != '-') {
    const auto names = verb_names(app);
    if (std::find(names.begin(), names.end(), argv[1]) == names.end()) {
      return unknown_verb(app, argv[1]);
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
  for (const Command& command : commands) {
    if (command.parser->parsed()) return run_guarded(command);
  }
  print_text(app.help());
  return kDone;
}

}  // namespace mer::app
