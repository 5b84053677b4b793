# cmake -DOUTPUT=FILE.cpp -P EmbedPages.cmake FILE...
# Writes a source file with the given files, plain and compressed: the definitions of src/page/files.hpp.
cmake_minimum_required(VERSION 3.25)

# Sets `variable` to the string literal for bytes in hexadecimal digits.
function(literal_of hex variable)
    string(REGEX REPLACE "(..)" "\\\\x\\1" escaped "${hex}")
    # Lines of 32 bytes, each of 4 characters.
    string(REGEX REPLACE "(${bytes_in_line})" "    \"\\1\"\n" lines "${escaped}")
    string(REGEX REPLACE "(^|\n)(\\\\x[^\"]*)$" "\\1    \"\\2\"\n" lines "${lines}")
    set(${variable} "${lines}" PARENT_SCOPE)
endfunction()
string(REPEAT "...." 32 bytes_in_line)

set(files)
math(EXPR last "${CMAKE_ARGC} - 1")
foreach(i RANGE 0 ${last})
    if(past_options)
        list(APPEND files "${CMAKE_ARGV${i}}")
    elseif(CMAKE_ARGV${i} STREQUAL "-P")
        math(EXPR script "${i} + 1")
    elseif(i EQUAL "${script}")
        set(past_options TRUE)
    endif()
endforeach()

set(data)
set(table)
set(digests)
foreach(file IN LISTS files)
    get_filename_component(name "${file}" NAME)
    get_filename_component(ending "${file}" LAST_EXT)
    string(REGEX REPLACE "[^a-z]" "_" identifier "${name}")
    file(SHA256 "${file}" digest)
    string(APPEND digests "${name} ${digest}\n")

    set(compressed "${OUTPUT}.gz")
    file(ARCHIVE_CREATE OUTPUT "${compressed}" PATHS "${file}" FORMAT raw COMPRESSION GZip COMPRESSION_LEVEL 9)
    file(READ "${file}" plain HEX)
    file(READ "${compressed}" gzip HEX)
    file(REMOVE "${compressed}")
    # Without the time in the header (RFC 1952, 2.3.1), so that builds can be reproduced.
    string(SUBSTRING "${gzip}" 0 8 before)
    string(SUBSTRING "${gzip}" 16 -1 after)
    set(gzip "${before}00000000${after}")

    foreach(form IN ITEMS plain gzip)
        string(LENGTH "${${form}}" digits)
        math(EXPR ${form}_bytes "${digits} / 2")
        literal_of("${${form}}" literal)
        string(APPEND data "constexpr std::string_view ${identifier}_${form}{\n${literal}    , ${${form}_bytes}};\n")
    endforeach()
    set(type script)
    if(ending STREQUAL ".css")
        set(type style)
    endif()
    string(APPEND table "    {\"${name}\", FileType::${type}, ${identifier}_plain, ${identifier}_gzip},\n")
endforeach()
list(LENGTH files count)
string(SHA256 version "${digests}")
string(SUBSTRING "${version}" 0 16 version)

file(WRITE "${OUTPUT}" "// Made by cmake/EmbedPages.cmake from src/page/web.
#include \"page/files.hpp\"

#include <array>

namespace ringcast::page {
namespace {

${data}
constexpr std::array<File, ${count}> table{{
${table}}};

} // namespace

std::span<const File> files() noexcept {
    return table;
}

std::string_view version() noexcept {
    return \"${version}\";
}

} // namespace ringcast::page
")
