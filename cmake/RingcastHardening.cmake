# ringcast_harden(TARGET) makes exploits of memory errors harder. packaging/check-hardening checks the
# result. It adds at most a sixth to the loop's own instructions for a frame and viewer, of which there
# are 1600 (valgrind's callgrind, epoll); most of the time of a frame is the kernel's. Debug builds leave
# it out: their sanitizers find the same and more, and _FORTIFY_SOURCE needs optimisation.
include(CheckCXXCompilerFlag)

# Of the processor: return addresses and targets of indirect jumps are checked (CET on x86, PAC and BTI
# on Arm).
check_cxx_compiler_flag(-fcf-protection=full RINGCAST_HAS_CF_PROTECTION)
check_cxx_compiler_flag(-mbranch-protection=standard RINGCAST_HAS_BRANCH_PROTECTION)
# clang 14 has it for x86 only.
check_cxx_compiler_flag("-Werror -fstack-clash-protection" RINGCAST_HAS_STACK_CLASH_PROTECTION)

function(ringcast_harden target)
    set(flags -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -D_GLIBCXX_ASSERTIONS -fstack-protector-strong
        $<$<BOOL:${RINGCAST_HAS_STACK_CLASH_PROTECTION}>:-fstack-clash-protection>
        $<$<BOOL:${RINGCAST_HAS_CF_PROTECTION}>:-fcf-protection=full>
        $<$<BOOL:${RINGCAST_HAS_BRANCH_PROTECTION}>:-mbranch-protection=standard>)
    get_target_property(type ${target} TYPE)
    get_target_property(shared ${target} POSITION_INDEPENDENT_CODE)
    if(NOT type STREQUAL "MODULE_LIBRARY" AND NOT shared)
        list(APPEND flags -fPIE)
    endif()
    target_compile_options(${target} PRIVATE "$<$<NOT:$<CONFIG:Debug>>:${flags}>")
    # The addresses of library functions are resolved at start, and read-only from then on.
    set(link_flags LINKER:-z,relro LINKER:-z,now)
    if(type STREQUAL "EXECUTABLE")
        list(APPEND link_flags -pie)
    endif()
    target_link_options(${target} PRIVATE "$<$<NOT:$<CONFIG:Debug>>:${link_flags}>")
endfunction()
