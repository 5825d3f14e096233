#!/bin/sh
# Stands in for rustc while the fuzzer is built: our own crates count which branches are taken,
# in the way that LibFuzzer reads. Only stable options are needed. Others' crates are built as
# ever, so that most of the building is shared with nobody but done once.
rustc="$1"
shift
case " $* " in
*" --crate-name entente"*)
    exec "$rustc" "$@" --cfg fuzzing -Ccodegen-units=1 \
        -Cpasses=sancov-module \
        -Cllvm-args=-sanitizer-coverage-level=4 \
        -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
        -Cllvm-args=-sanitizer-coverage-pc-table \
        -Cllvm-args=-sanitizer-coverage-trace-compares \
        -Cllvm-args=-simplifycfg-branch-fold-threshold=0
    ;;
*)
    exec "$rustc" "$@"
    ;;
esac
