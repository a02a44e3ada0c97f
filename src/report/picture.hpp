#pragma once

#include <string>
#include <string_view>

#include "mer/report/picture_format.hpp"

namespace mer {

/// The letters after the point.
std::string_view extension_of(PictureFormat format);

/// gnuplot's line that says format, size and font.
std::string picture_terminal(int width, int height, PictureFormat format);

/// What every script of a picture begins with: size, font, white ground, two axes, a pale grid, no
/// key. An SVG fills the element that it is put into.
/// @param width, height  in pixels of a screen; a PDF has 96 of them to the inch
std::string picture_head(int width, int height, PictureFormat format = PictureFormat::kSvg);

/// Colours that stay apart in print and for the colour-blind; over again after the last one.
std::string_view picture_colour(std::size_t number);
/// gnuplot's numbers of shapes that stay apart in black and white.
int picture_shape(std::size_t number);

}  // namespace mer
