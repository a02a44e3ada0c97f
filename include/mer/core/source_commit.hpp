#pragma once

namespace mer {

/// The git commit that this program was built from, with "-dirty" behind it when files had been
/// changed since; empty when it was not built in a git checkout.
const char* source_commit();

}  // namespace mer
