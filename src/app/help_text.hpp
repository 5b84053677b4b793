#pragma once
// The texts that the program prints about its use.

#include <string_view>

namespace ringcast::app {

/// Printed when the program is started without arguments.
extern const std::string_view examples_text;
/// `ringcast --help`.
extern const std::string_view help_text;
/// `ringcast passwd --help`.
extern const std::string_view passwd_help_text;
/// `ringcast token --help`.
extern const std::string_view token_help_text;
/// `ringcast link --help`.
extern const std::string_view link_help_text;
/// `ringcast health --help`.
extern const std::string_view health_help_text;
/// `ringcast top --help`.
extern const std::string_view top_help_text;

} // namespace ringcast::app
