# Run as a script (cmake -P).
cmake_minimum_required(VERSION 3.25)
# Writes OUT with the commit of the tree SOURCE, at every build, touching it only when it is another one.
execute_process(COMMAND git -C ${SOURCE} rev-parse --short=12 HEAD
    OUTPUT_VARIABLE id OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE status)
if(NOT status EQUAL 0)
    set(id unknown)
else()
    execute_process(COMMAND git -C ${SOURCE} diff --quiet HEAD -- src ui models CMakeLists.txt
        RESULT_VARIABLE changed OUTPUT_QUIET ERROR_QUIET)
    if(NOT changed EQUAL 0)
        set(id "${id}+")
    endif()
endif()
file(CONFIGURE OUTPUT ${OUT} CONTENT "#define VIEWSMITH_COMMIT \"@id@\"\n" @ONLY)
