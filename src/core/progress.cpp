#include "mer/core/progress.hpp"

#include <cmath>
#include <cstdio>

#include "mer/core/text_table.hpp"

namespace mer {

RateMeter::RateMeter() : start_(std::chrono::steady_clock::now()) {}

double RateMeter::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

double RateMeter::per_second(std::size_t done) const {
  const double elapsed_s = seconds();
  return elapsed_s > 0.0 ? static_cast<double>(done) / elapsed_s : 0.0;
}

std::string RateMeter::text(std::size_t done, std::size_t total) const {
  const double rate = per_second(done);
  if (done == 0 || rate <= 0.0) return "";
  const double left_s = total > done ? static_cast<double>(total - done) / rate : 0.0;
  return significant(rate, 3) + "/s, " + format_duration(left_s) + " left";
}

std::string rough_duration(double seconds) {
  constexpr double kMinute = 60.0;
  constexpr double kHour = 60.0 * kMinute;
  constexpr double kDay = 24.0 * kHour;
  const auto whole = [&](double unit, const char* name) {
    return std::to_string(std::max(1LL, std::llround(seconds / unit))) + " " + name;
  };
  if (seconds < 1.5 * kMinute) return whole(1.0, "s");
  if (seconds < 1.5 * kHour) return whole(kMinute, "min");
  return seconds < 2.0 * kDay ? whole(kHour, "h") : whole(kDay, "days");
}

std::string format_duration(double seconds) {
  const auto whole = static_cast<long long>(std::llround(std::max(0.0, seconds)));
  char text[64];
  if (whole >= 3600) {
    std::snprintf(text, sizeof(text), "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60,
                  whole % 60);
  } else {
    std::snprintf(text, sizeof(text), "%lld:%02lld", whole / 60, whole % 60);
  }
  return text;
}

}  // namespace mer
