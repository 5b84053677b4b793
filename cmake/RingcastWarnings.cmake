# ringcast_warnings(TARGET): the warnings that both compilers know, and the hardening that costs
# nothing measurable.
function(ringcast_warnings target)
    target_compile_options(${target} PRIVATE
        -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast
        -Wcast-qual -Wcast-align -Wformat=2 -Wnon-virtual-dtor -Woverloaded-virtual
        -Wnull-dereference -Wdouble-promotion -Wimplicit-fallthrough -Wextra-semi -Wundef -Wvla
        -Wmissing-declarations -Wswitch-enum
        # A crash in the field is worth a readable backtrace; the registers are not missed.
        -fno-omit-frame-pointer
        $<$<CONFIG:Debug>:-D_GLIBCXX_ASSERTIONS>
        # FORTIFY needs the optimiser, and the sanitizers check the same and more.
        $<$<CONFIG:Release,RelWithDebInfo>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2;-fstack-protector-strong>)
    if(RINGCAST_WERROR)
        target_compile_options(${target} PRIVATE -Werror)
    endif()
endfunction()
