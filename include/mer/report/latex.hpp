#pragma once

#include <string>

namespace mer {

struct Evaluation;

/// The tables of a summary in Markdown as LaTeX tables of the package booktabs, with their headings
/// as captions.
std::string latex_tables(const std::string& markdown);

/// The same of an evaluation, each of them with a label: scores with intervals, classes, confusion
/// (counts and per cent of the truth), valence and arousal, over time, tags: those that there are.
std::string latex_tables(const Evaluation& evaluation);

}  // namespace mer
