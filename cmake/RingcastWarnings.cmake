# ringcast_warnings(TARGET) enables the warnings that both g++ and clang support, and hardening
# whose cost is not measurable.
function(ringcast_warnings target)
    target_compile_options(${target} PRIVATE
        -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast
        -Wcast-qual -Wcast-align -Wformat=2 -Wnon-virtual-dtor -Woverloaded-virtual
        -Wnull-dereference -Wdouble-promotion -Wimplicit-fallthrough -Wextra-semi -Wundef -Wvla
        -Wmissing-declarations -Wswitch-enum
        # Readable backtraces of crashes in the field are worth the register that this costs.
        -fno-omit-frame-pointer
        $<$<CONFIG:Debug>:-D_GLIBCXX_ASSERTIONS>
        # _FORTIFY_SOURCE needs optimisation, and sanitizer builds check the same and more.
        $<$<CONFIG:Release,RelWithDebInfo>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2;-fstack-protector-strong>)
    if(RINGCAST_WERROR)
        target_compile_options(${target} PRIVATE -Werror)
    endif()
endfunction()
