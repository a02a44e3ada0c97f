#pragma once

#include <array>
#include <string>

namespace mer {

/// What pictures are kept as: for pages and slides, for a look, for papers.
enum class PictureFormat { kSvg, kPng, kPdf };
inline constexpr std::array kPictureFormats = {PictureFormat::kSvg, PictureFormat::kPng,
                                               PictureFormat::kPdf};

/// A picture as a gnuplot script needs to know it: what is drawn, not yet as what.
struct Figure {
  std::string name;           ///< of its files
  int width = 0, height = 0;  ///< in pixels of a screen; a PDF has 96 of them to the inch
  std::string script;         ///< all after the first lines that say size and format

  std::string file_name(PictureFormat format) const;  ///< "accuracy.pdf"
};

/// An SVG document, which fills the element that it is put into, or the bytes of a PNG or PDF file.
/// @throws Error when gnuplot is missing or fails
std::string draw(const Figure& figure, PictureFormat format = PictureFormat::kSvg);

}  // namespace mer
