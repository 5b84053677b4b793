#include "relay/page_assets.hpp"

#include <string>
#include <utility>

#include "http/accept_encoding.hpp"

namespace ringcast::relay {

const connection::SharedText& PageAssets::text(const page::File& file, bool gzip) {
    texts_.resize(page::files().size());
    const auto index = static_cast<std::size_t>(&file - page::files().data());
    connection::SharedText& text = texts_[index][gzip ? 1 : 0];
    if (!text.valid()) {
        text = connection::SharedText(std::string(gzip ? file.gzip : file.plain), bytes_);
    }
    return text;
}

void PageAssets::answer(connection::ConnectionContext& context, connection::Connection& connection,
                        const page::File& file, const http::ReplyContext& reply) {
    constexpr int status_ok = 200;
    const bool gzip = http::accepts_gzip(connection.exchange().reader.request().accept_encoding);
    const connection::SharedText& body = text(file, gzip);
    const auto type =
        file.type == page::FileType::style ? http::ContentType::style : http::ContentType::script;
    std::string head = http::reply_head(status_ok, type, body.text().size(), reply,
                                        {.immutable = true, .gzip = gzip});
    connection.reply(context, std::move(head), reply.keep_alive,
                     reply.head_only ? connection::SharedText() : body.share());
}

} // namespace ringcast::relay
