#!/usr/bin/python3
"""read_ctest_results.py JUNIT_FILE CTEST_EXIT_CODE

Prints lines that ./dev adds up: "passed COUNT", a "failed NAME" for each failed test, and a
"skipped NAME: REASON" for each test that ended with exit code 77. Such a test prints its reason on a
line that begins with "NOT TESTED: ".
"""

import re
import sys
import xml.etree.ElementTree as xml


def main(path, exit_code):
    try:
        cases = xml.parse(path).getroot().findall("testcase")
    except (OSError, xml.ParseError) as error:
        print(f"failed ctest left no results ({error})")
        return
    passed = 0
    failed = 0
    for case in cases:
        name, status = case.get("name"), case.get("status")
        if status == "run":
            passed += 1
        elif status == "notrun" and "SKIP_RETURN_CODE" in case.find("skipped").get("message", ""):
            reason = re.search(r"NOT TESTED: (.*)", case.findtext("system-out", ""))
            print(f"skipped {name}: {reason[1] if reason else 'it gives no reason'}")
        else:
            failed += 1
            print(f"failed {name}")
    print(f"passed {passed}")
    if exit_code != 0 and failed == 0:
        print(f"failed ctest itself (exit code {exit_code})")


main(sys.argv[1], int(sys.argv[2]))
