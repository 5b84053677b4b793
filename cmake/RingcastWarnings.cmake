# ringcast_warnings(TARGET) enables the warnings that both g++ and clang support, and hardens TARGET.
include(RingcastHardening)

function(ringcast_warnings target)
    target_compile_options(${target} PRIVATE
        -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast
        -Wcast-qual -Wcast-align -Wformat=2 -Wnon-virtual-dtor -Woverloaded-virtual
        -Wnull-dereference -Wdouble-promotion -Wimplicit-fallthrough -Wextra-semi -Wundef -Wvla
        -Wmissing-declarations -Wswitch-enum
        # Readable backtraces of crashes in the field are worth the register that this costs.
        -fno-omit-frame-pointer
        $<$<CONFIG:Debug>:-D_GLIBCXX_ASSERTIONS>)
    ringcast_harden(${target})
    if(RINGCAST_WERROR)
        target_compile_options(${target} PRIVATE -Werror)
    endif()
endfunction()
