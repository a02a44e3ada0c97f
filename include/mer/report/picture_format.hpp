#pragma once

namespace mer {

/// What pictures are kept as: for pages and slides, for a look, for papers.
enum class PictureFormat { kSvg, kPng, kPdf };

}  // namespace mer
