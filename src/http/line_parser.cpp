#include "http/line_parser.hpp"

namespace ringcast::http {
namespace {

// llhttp reports the pieces of an element in order. They are contiguous in the line, so they can be
// joined into one view.
void extend(std::string_view& view, const char* at, std::size_t length) noexcept {
    view = view.empty() ? std::string_view(at, length)
                        : std::string_view(view.data(), view.size() + length);
}

} // namespace

LineParser::LineParser(llhttp_type_t type) noexcept : type_(type) {
    llhttp_settings_init(&settings_);
    settings_.on_header_field = [](llhttp_t* from, const char* at, std::size_t length) {
        extend(static_cast<LineParser*>(from->data)->name_, at, length);
        return 0;
    };
    settings_.on_header_value = [](llhttp_t* from, const char* at, std::size_t length) {
        extend(static_cast<LineParser*>(from->data)->value_, at, length);
        return 0;
    };
    begin();
}

void LineParser::begin() noexcept {
    llhttp_init(&machine_, type_, &settings_);
    machine_.data = this;
}

llhttp_errno_t LineParser::feed(std::string_view line) noexcept {
    name_ = {};
    value_ = {};
    return llhttp_execute(&machine_, line.data(), line.size());
}

} // namespace ringcast::http
