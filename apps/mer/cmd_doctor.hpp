#pragma once

namespace mer::app {

[[gnu::weak]] int run_doctor();

}  // namespace mer::app
