#include <CLI/CLI.hpp>
#include <cstdio>

#include "command.hpp"
#include "mer/core/text.hpp"
#include "validators.hpp"

namespace mer::app {
namespace {

/// A bash completion that knows the verbs and flags as the parser has them.
std::string bash_completion(const CLI::App& app) {
  std::vector<std::string> verbs;
  std::string cases;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    verbs.push_back(verb->get_name());
    std::vector<std::string> flags;
    for (const CLI::Option* option : verb->get_options()) {
      for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
      for (const std::string& name : option->get_snames()) flags.push_back("-" + name);
    }
    cases += "    " + verb->get_name() + ") flags=\"" + join(flags, " ") + "\" ;;\n";
  }
  return "# bash completion for mer; made by `mer completion bash`\n"
         "_mer() {\n"
         "  local word=${COMP_WORDS[COMP_CWORD]} flags=\"--help --version\"\n"
         "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
         "    COMPREPLY=($(compgen -W \"" +
         join(verbs, " ") +
         " $flags\" -- \"$word\"))\n"
         "    return\n"
         "  fi\n"
         "  case ${COMP_WORDS[1]} in\n" +
         cases +
         "  esac\n"
         "  case $word in\n"
         "    -*) COMPREPLY=($(compgen -W \"$flags\" -- \"$word\")) ;;\n"
         "    *) COMPREPLY=($(compgen -f -- \"$word\")) ;;\n"
         "  esac\n"
         "}\n"
         "complete -o filenames -F _mer mer\n";
}

}  // namespace

std::function<int()> add_completion(CLI::App& cmd) {
  auto shell = std::make_shared<std::string>("bash");
  cmd.add_option("shell", *shell, "bash")->required()->check(one_of({"bash"}));
  cmd.footer("Example:\n  source <(mer completion bash)\nExit codes: 0 done, 2 unknown shell");
  return [&cmd, shell] {  // the parser writes to *shell
    std::fputs(bash_completion(*cmd.get_parent()).c_str(), stdout);
    return static_cast<int>(kDone);
  };
}

}  // namespace mer::app
