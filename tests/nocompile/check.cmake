file(STRINGS ${SOURCE} expectation REGEX "^// expect: ")
list(LENGTH expectation expectation_count)
if(NOT expectation_count EQUAL 1)
    message(FATAL_ERROR "${SOURCE} needs exactly one line that begins with '// expect: '")
endif()
string(REPLACE "// expect: " "" expectation "${expectation}")

set(compile ${COMPILER} -std=c++20 -fsyntax-only -Wall -Wextra -Wpedantic -Werror -I${INCLUDE})
# The messages are matched, so they must not be translated.
set(ENV{LC_ALL} C)

execute_process(COMMAND ${compile} ${SOURCE} RESULT_VARIABLE result ERROR_VARIABLE errors)
if(NOT result EQUAL 0)
    message(FATAL_ERROR "${SOURCE} must compile without -DFAULT, but does not:\n${errors}")
endif()

execute_process(COMMAND ${compile} -DFAULT ${SOURCE} RESULT_VARIABLE result ERROR_VARIABLE errors)
if(result EQUAL 0)
    message(FATAL_ERROR "${SOURCE} must not compile with -DFAULT, but does")
endif()
if(NOT errors MATCHES "${expectation}")
    message(FATAL_ERROR "the compiler's message does not match '${expectation}':\n${errors}")
endif()
