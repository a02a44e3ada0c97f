#include "html.hpp"

#include <cctype>

#include "mer/core/text.hpp"

namespace mer {
namespace {

/// "0.63", "-0.1", "720", "63.2 %", "0.600 [0.559, 0.641]".
bool is_number(const std::string& cell) {
  const std::size_t first = cell.starts_with('-') ? 1 : 0;
  return cell.size() > first && std::isdigit(static_cast<unsigned char>(cell[first])) != 0 &&
         cell.find_first_not_of("0123456789.,-+[]% ±") == std::string::npos;
}

/// A path in a link: what would end it or mean something there, and bytes beyond ASCII, in hex.
std::string url_of(const std::string& path) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string url;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 ||
        std::string_view("-._~/+=,@()").find(c) != std::string_view::npos) {
      url += c;
    } else {
      url += '%';
      url += kHex[byte >> 4U];
      url += kHex[byte & 15U];
    }
  }
  return url;
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string html;
  for (const char c : to_valid_utf8(text)) {
    switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      default:
        html += c;
    }
  }
  return html;
}

std::string page_head(const std::string& title) {
  return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<title>" +
         escaped(title) +
         "</title>\n<style>\n"
         "body{font:15px/1.4 sans-serif;margin:1.5em auto;max-width:1500px;padding:0 1em;"
         "color:#222;background:#fff}\n"
         "svg{width:100%;height:auto}h2{margin:1.5em 0 .2em}h3{margin:1em 0 .3em}\n"
         "table{border-collapse:collapse;margin:.4em 0}td,th{border:1px solid #ccc;"
         "padding:.2em .6em;text-align:left}\n"
         "td.n{text-align:right;font-variant-numeric:tabular-nums}\n"
         "pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#f5f5f5;padding:1em}\n"
         ".side{display:flex;flex-wrap:wrap;gap:1em 2em;align-items:flex-start}\n"
         ".side>*{flex:0 1 auto}.figure{width:560px;max-width:100%}\n"
         "li p{margin:.1em 0}.wide{width:1000px;max-width:100%}.scroll{overflow-x:auto}\n"
         "table.heat td{min-width:4.5em;text-align:right}.note{color:#666}\n"
         "</style></head><body>\n<h1>" +
         escaped(title) + "</h1>\n";
}

std::string page_tail() { return "</body></html>\n"; }

std::string svg_element(const std::string& document) {
  const std::size_t start = document.find("<svg");
  return start == std::string::npos ? document : document.substr(start);
}

std::string link_to(const std::string& target, const std::string& text) {
  return "<a href=\"" + url_of(target) + "\">" + escaped(text) + "</a>";
}

std::string html_table(const std::vector<std::string>& head,
                       std::span<const std::vector<std::string>> rows) {
  std::string table = "<div class=\"scroll\"><table>";
  if (!head.empty()) {
    table += "<tr>";
    for (const std::string& cell : head) table += "<th>" + cell + "</th>";
    table += "</tr>\n";
  }
  for (const std::vector<std::string>& row : rows) {
    table += "<tr>";
    for (const std::string& cell : row) {
      table += (is_number(cell) ? "<td class=\"n\">" : "<td>") + cell + "</td>";
    }
    table += "</tr>\n";
  }
  return table + "</table></div>\n";
}

std::string section(const std::string& heading, const std::string& content) {
  return "<section>\n<h2>" + escaped(heading) + "</h2>\n" + content + "</section>\n";
}

std::string details(const std::string& summary, const std::string& content) {
  return "<details><summary>" + escaped(summary) + "</summary>" + content + "</details>\n";
}

}  // namespace mer
