#pragma once
// Leaves libjpeg when it reports an error, by longjmp. The library is written for this jump, and no
// frame that it leaves may have a destructor.

#include <csetjmp>
#include <cstdio>

#include <jpeglib.h>

namespace ringcast::encode {

struct JpegErrors {
    jpeg_error_mgr manager{}; // first, so that a pointer to it is one to the whole struct
    std::jmp_buf leave{};
    int code = 0; ///< the error: one of libjpeg's, or an own one below 0

    /// Returns the manager, for a compressor or decompressor that is about to be created.
    [[nodiscard]] jpeg_error_mgr* prepare() noexcept {
        jpeg_std_error(&manager);
        manager.error_exit = &on_error;
        return &manager;
    }
    [[noreturn]] static void exit(j_common_ptr library, int error) {
        auto& errors = *reinterpret_cast<JpegErrors*>(library->err);
        errors.code = error;
        std::longjmp(errors.leave, 1); // NOLINT(cert-err52-cpp)
    }

private:
    [[noreturn]] static void on_error(j_common_ptr library) {
        exit(library, library->err->msg_code);
    }
};

/// Calls `work`, which calls the library. False when the library reported an error.
template <typename Work>
[[nodiscard]] bool without_error(JpegErrors& errors, const Work& work) noexcept {
    if (setjmp(errors.leave) != 0) { // NOLINT(cert-err52-cpp)
        return false;
    }
    work();
    return true;
}

} // namespace ringcast::encode
