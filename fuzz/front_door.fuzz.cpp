// Headers that tell the address of a client behind a proxy. A PROXY header must have the same outcome
// however the bytes are split. Nothing in front of what a proxy has appended to Forwarded or
// X-Forwarded-For may change the client that it names. A path prefix that is accepted must be safe in
// front of links. Addresses and networks are what their text says.
//
// Input: the bytes of a connection, which are also used as the value of each header and as an
// address.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "http/field_syntax.hpp"
#include "http/forwarded.hpp"
#include "http/ip_address.hpp"
#include "http/proxy_protocol.hpp"

namespace {

using namespace ringcast;
using http::ForwardedSyntax;
using http::IpAddress;
using http::ParseState;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

void check_complete(const http::ProxyHeader& header, std::string_view bytes) {
    require(header.bytes <= bytes.size());
    if (bytes.starts_with("PROXY ")) {
        require(header.bytes <= 107);
        require(bytes.substr(header.bytes - 2, 2) == "\r\n");
        require(bytes.find("\r\n") == header.bytes - 2);
    } else {
        require(header.bytes >= 16 && header.bytes <= http::proxy_header_bytes_max);
    }
}

void check_proxy_header(std::string_view bytes) {
    const http::ProxyHeader whole = http::read_proxy_header(as_bytes(bytes));
    bool decided = false;
    for (std::size_t length = 0; length <= bytes.size(); ++length) {
        const http::ProxyHeader header = http::read_proxy_header(as_bytes(bytes.substr(0, length)));
        if (header.state == ParseState::need_more) {
            require(!decided && length < http::proxy_header_bytes_max);
            continue;
        }
        decided = true;
        require(header.state == whole.state && header.bytes == whole.bytes);
        require(header.source == whole.source && header.error == whole.error);
        require((header.state == ParseState::error) == !header.error.empty());
        if (header.state == ParseState::complete) {
            check_complete(header, bytes.substr(0, length));
        }
    }
    require(decided == (whole.state != ParseState::need_more));
}

const http::AddressSet& proxies() {
    static const http::AddressSet set = [] {
        const std::array<std::string, 2> texts = {"10.0.0.0/8", "fd00::/8"};
        return *http::AddressSet::parse(texts);
    }();
    return set;
}

std::optional<IpAddress> client(ForwardedSyntax syntax, std::string_view first,
                                std::string_view second) {
    const std::array<std::string_view, 2> values = {first, second};
    return http::forwarded_client(syntax, values, proxies(), IpAddress::parse("10.0.0.1"));
}

void check_forwarded(ForwardedSyntax syntax, std::string_view value, std::string_view appended) {
    const std::optional<IpAddress> expected = IpAddress::parse("192.0.2.43");
    std::string joined(value);
    joined.append(", ").append(appended);
    require(client(syntax, joined, "") == expected);
    require(client(syntax, value, appended) == expected);

    const std::optional<IpAddress> found = client(syntax, value, "");
    require(client(syntax, "", value) == found);
    if (found && !proxies().contains(*found)) {
        for (const std::string_view sent : {"for=\"", "\\", "for=1.2.3.4", "\"\\"}) {
            std::string longer(sent);
            longer.append(",").append(value);
            require(client(syntax, longer, "") == found);
        }
    }
    const std::array<std::string_view, 1> values = {value};
    require(!http::forwarded_client(syntax, values, proxies(), std::nullopt));
    require(!http::forwarded_client(syntax, values, proxies(), expected));
}

void check_prefix(std::string_view value) {
    const std::optional<std::string_view> prefix = http::forwarded_prefix(value);
    if (!prefix) {
        return;
    }
    require(prefix->size() <= http::forwarded_prefix_bytes_max && value.starts_with(*prefix));
    require(!prefix->ends_with('/') && (prefix->empty() || prefix->starts_with('/')));
    require(prefix->find_first_of(" \t\"\\<>?#,") == std::string_view::npos);
    require(std::none_of(prefix->begin(), prefix->end(), [](char c) {
        return http::is_control_character(c) || static_cast<unsigned char>(c) >= 0x80;
    }));
    std::string behind(*prefix);
    behind.push_back('/');
    for (const std::string_view forbidden : {"//", "/./", "/../"}) {
        require(behind.find(forbidden) == std::string::npos);
    }
    require(prefix->empty() || http::forwarded_prefix(*prefix) == prefix);
}

void check_address(std::string_view text) {
    const std::optional<IpAddress> address = IpAddress::parse(text);
    if (address) {
        const IpAddress::Text shown = address->text();
        require(IpAddress::parse(shown.data()) == address);
        require(!address->is_ipv4() || address->network() >> 32U == 0xFFFF);
    }
    const std::array<std::string, 1> texts = {std::string(text)};
    const Result<http::AddressSet> set = http::AddressSet::parse(texts);
    require(set || !set.error().message.empty());
    if (!set || set->contains_unix()) {
        return;
    }
    const std::optional<IpAddress> first = IpAddress::parse(text.substr(0, text.find('/')));
    require(first && set->contains(*first));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    check_proxy_header(bytes);
    check_forwarded(ForwardedSyntax::forwarded, bytes, "for=\"192.0.2.43:80\";by=\"_a,\\\"\"");
    check_forwarded(ForwardedSyntax::x_forwarded_for, bytes, "192.0.2.43");
    check_prefix(bytes);
    check_address(bytes);
    return 0;
}
