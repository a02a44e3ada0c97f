#include "command.hpp"

int main(int argc, char** argv) { return mer::app::run_command_line(argc, argv); }
