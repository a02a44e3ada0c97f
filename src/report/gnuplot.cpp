#include "mer/report/gnuplot.hpp"

#include <limits>

#include "mer/core/child_process.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer {

std::string run_gnuplot(std::string_view script) {
  const ProgramResult result =
      run_program({"gnuplot", "-d"}, {.program = {}, .input = script, .log = {}},
                  std::numeric_limits<std::size_t>::max());
  if (!result.installed) {
    throw Error("gnuplot, which draws the pictures, cannot be started: No such file or directory",
                "apt-get install gnuplot-nox");
  }
  if (!result.succeeded) {
    // gnuplot prints the offending line, a caret and then what is wrong: the last line says most.
    throw Error("gnuplot failed: " +
                    (result.last_line.empty() ? "without a word" : trimmed(result.last_line)),
                "does `gnuplot --version` say 5.4 or later, with pngcairo and svg?");
  }
  return result.output;
}

void require_gnuplot() { run_gnuplot("exit\n"); }

std::string why_no_pictures() {
  try {
    require_gnuplot();
    return "";
  } catch (const Error& error) {
    return std::string(error.what()) + " (" + error.hint() + ")";
  }
}

std::string gnuplot_quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : to_valid_utf8(text)) {
    if (c == '\'') quoted += '\'';
    quoted += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
  }
  return quoted + "'";
}

}  // namespace mer
