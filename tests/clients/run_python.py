"""Runs test modules of unittest and closes with the line `N passed, N failed[, N skipped]`."""

import sys
import unittest


def main():
    """The exit code: 0 where nothing failed."""
    suite = unittest.defaultTestLoader.loadTestsFromNames(sys.argv[1:])
    if not suite.countTestCases():
        sys.exit("no test was found")
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
    for test, reason in result.skipped:
        print(f"SKIPPED {test.id()}: {reason}")
    # A test with several failed parts has failed once.
    failed = len({getattr(test, "test_case", test).id()
                  for test, _ in [*result.failures, *result.errors]})
    skipped = len(result.skipped)
    passed = result.testsRun - failed - skipped
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
