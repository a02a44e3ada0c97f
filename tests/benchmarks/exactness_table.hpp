#pragma once

namespace mer::test {

/// Prints how far all features of the reference signal lie from the values of librosa, SciPy and
/// NumPy in double precision (tests/fixtures/reference), as a Markdown table.
void print_exactness();

}  // namespace mer::test
