# test_allocations counts allocations; the sanitizers bring their own malloc, and these wrap the calls above it.
target_link_options(${target} PRIVATE -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=aligned_alloc)
