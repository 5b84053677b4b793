#pragma once
// Sends the files of the pages. Their texts are shared by all replies, so that a client that does not
// read its reply costs no memory.

#include <array>
#include <cstddef>
#include <vector>

#include "connection/connection.hpp"
#include "connection/context.hpp"
#include "connection/shared_text.hpp"
#include "http/response.hpp"
#include "page/files.hpp"

namespace ringcast::relay {

class PageAssets {
public:
    /// Answers the connection's request with `file`, one of page::files(), and status 200. Compressed if
    /// the client accepts that. Throws std::bad_alloc before it changes anything.
    void answer(connection::ConnectionContext& context, connection::Connection& connection,
                const page::File& file, const http::ReplyContext& reply);

private:
    /// Made when it is first asked for.
    [[nodiscard]] const connection::SharedText& text(const page::File& file, bool gzip);

    std::size_t bytes_ = 0;
    std::vector<std::array<connection::SharedText, 2>> texts_; ///< plain, and compressed
};

} // namespace ringcast::relay
