#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mer {

// What pages are made of. They refer to nothing outside of themselves: a file that can be sent.

/// Text as HTML shows it; bytes that are no UTF-8 become U+FFFD.
std::string escaped(std::string_view text);

std::string page_head(const std::string& title);
std::string page_tail();

/// The <svg> element of a document alone: what stands before it belongs to a document of its own.
std::string svg_element(const std::string& document);

/// A link; `target` is a path relative to the page.
std::string link_to(const std::string& target, const std::string& text);

/// A table whose cells are HTML already. Numbers are told by their looks and stand right.
std::string html_table(const std::vector<std::string>& head,
                       std::span<const std::vector<std::string>> rows);

std::string section(const std::string& heading, const std::string& content);
/// A section that is closed until somebody wants it.
std::string details(const std::string& summary, const std::string& content);

}  // namespace mer
