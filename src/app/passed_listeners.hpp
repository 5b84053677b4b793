#pragma once
// Sockets of the service manager as listeners.

#include <vector>

#include "app/listeners.hpp"
#include "app/service_manager.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace ringcast::app {

/// Sets the options of the sockets. Fails with an error that says what to do if one is not a
/// listening socket for TCP or a UNIX socket for streams.
[[nodiscard]] Result<std::vector<Listener>> passed_listeners(std::vector<PassedSocket> sockets,
                                                             Duration stall_timeout);

} // namespace ringcast::app
