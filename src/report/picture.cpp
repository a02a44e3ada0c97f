#include "picture.hpp"

#include <array>

#include "mer/core/text.hpp"

namespace mer {
namespace {

constexpr std::array<std::string_view, 10> kColours = {"#3b6ea5", "#c44e52", "#55a868", "#8172b2",
                                                       "#cc8963", "#64b5cd", "#937860", "#da8bc3",
                                                       "#8c8c8c", "#b5bd4c"};

}  // namespace

std::string picture_terminal(int width, int height, PictureFormat format) {
  constexpr double kPixelsPerInch = 96.0;
  const std::string size = std::to_string(width) + "," + std::to_string(height);
  switch (format) {
    case PictureFormat::kPng:
      return "set terminal pngcairo size " + size +
             " noenhanced font 'DejaVu Sans,10' background rgb 'white'\n";
    case PictureFormat::kPdf:
      return "set terminal pdfcairo size " + format_number(width / kPixelsPerInch) + "in," +
             format_number(height / kPixelsPerInch) + "in noenhanced font 'DejaVu Sans,9'\n";
    case PictureFormat::kSvg:
      break;
  }
  return "set terminal svg size " + size +
         " dynamic noenhanced font 'DejaVu Sans,sans-serif,12' background rgb 'white'\n";
}

std::string_view extension_of(PictureFormat format) {
  switch (format) {
    case PictureFormat::kPng:
      return "png";
    case PictureFormat::kPdf:
      return "pdf";
    case PictureFormat::kSvg:
      break;
  }
  return "svg";
}

std::string picture_head(int width, int height, PictureFormat format) {
  return "set encoding utf8\n" + picture_terminal(width, height, format) +
         "set border 3 linecolor rgb '#555555'\nset tics out nomirror\nunset key\n"
         "set grid linecolor rgb '#dddddd'\n";
}

std::string_view picture_colour(std::size_t number) { return kColours[number % kColours.size()]; }

int picture_shape(std::size_t number) {
  constexpr std::array<int, 6> kShapes = {7,  5,  9,
                                          11, 13, 15};  // filled: disk, square, triangles …
  return kShapes[number % kShapes.size()];
}

}  // namespace mer
