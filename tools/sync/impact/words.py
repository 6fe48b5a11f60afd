# Copyright 2026 The TFMOT Models Authors. All Rights Reserved.
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""The words that all renderings of a report share.

`terminal.py`, `markdown.py` and `drafts.py` arrange them.
"""

import math
from typing import TYPE_CHECKING, Iterable, Sequence

from tools.sync.impact import probe
from tools.sync.impact import stale

if TYPE_CHECKING:
  from tools.sync.impact import report as report_lib


def count(number: int, noun: str) -> str:
  """Returns a number with its noun: `1 file`, `1,216 files`."""
  return f'{number:,} {noun}{"" if number == 1 else "s"}'


def versions(report: 'report_lib.Report') -> str:
  """Returns from what to what a sync goes."""
  if report.old is None:
    return report.new.short
  if report.old.short == report.new.short:
    return f'{report.new.short} again'
  return f'{report.old.short} -> {report.new.short}'


def file_counts(report: 'report_lib.Report') -> list[str]:
  """Returns how many files changed how, those in substance first."""
  changes = report.files
  if changes is None:
    return []
  return [
      f'{len(changes.added):,} added',
      f'{len(changes.removed):,} removed',
      f'{len(changes.changed):,} changed',
      f'{len(changes.trivial):,} changed trivially',
  ]


def changed_files(report: 'report_lib.Report') -> list[tuple[str, str]]:
  """Returns the files that changed in substance, with a letter as git's."""
  if report.files is None:
    return []
  found = [
      (name, letter)
      for letter, names in (
          ('A', report.files.added),
          ('D', report.files.removed),
          ('M', report.files.changed),
      )
      for name in names
  ]
  return [(letter, name) for name, letter in sorted(found)]


def by_causes(
    tests: Sequence[stale.Stale],
) -> list[tuple[tuple[str, ...], list[str]]]:
  """Returns stale tests by the files that make them so."""
  found: dict[tuple[str, ...], list[str]] = {}
  for test in tests:
    found.setdefault(test.causes, []).append(test.target)
  return sorted(found.items(), key=lambda item: item[1])


def number(value: float) -> str:
  """Returns a difference as text."""
  if not math.isfinite(value):
    return 'not a number'
  return f'{value:.3g}'


def probed(result: probe.Result) -> str:
  """Returns what the probe found for an experiment."""
  if result.old_error or result.new_error:
    if result.old_error == result.new_error:
      return f'fails with both: {result.new_error}'
    sides = (
        ('old', result.old_error),
        ('new', result.new_error),
    )
    return '; '.join(f'fails with the {s}: {e}' for s, e in sides if e)
  if result.identical:
    return 'identical to the last bit'
  found = [f'structure {result.structure}'] if result.structure else []
  found += [f'{part} {number(gap)}' for part, gap in result.largest.items()]
  return ', '.join(found)


def packages(targets: Iterable[str]) -> list[str]:
  """Returns patterns of all targets in the packages of some targets."""
  return sorted({f'{t.rpartition(":")[0]}:all' for t in targets if t})


def steps(report: 'report_lib.Report') -> list[tuple[str, str]]:
  """Returns what somebody has to do after a sync.

  Args:
    report: The report.

  Returns:
    Each step in words, with the command if there is one. A command is one line
    that can be pasted.
  """
  found = []
  for patch in report.patches:
    if patch.verdict == 'conflict':
      found.append((f'resolve the conflict of {patch.name}', ''))
  touched = {site.target for change in report.api for site in change.sites}
  if any(change.breaks for change in report.api):
    word = 'mend what the changes of the API break, then test it'
  else:
    word = 'test what the changes of the API touch'
  if report.api:
    command = 'bazel test --test_tag_filters=-convergence '
    found.append((word, command + ' '.join(packages(touched))))
  needs = report.dependencies
  if needs:
    unmet = [n for n in (*needs.changes, *needs.unmet) if n.met is False]
    missing = [new for new in needs.imports if not new.found]
    names = [n.name for n in unmet] + [new.package for new in missing]
    if names:
      found.append((
          (
              'see whether the environment has to change for'
              f' {", ".join(names)}: tools/versions/requirements/, then'
          ),
          'tools/nox -s lock',
      ))
  if report.licences and (report.licences.news or report.licences.metadata):
    found.append(('look at the licences', ''))
  if report.stale:
    targets = ' '.join(test.target for test in report.stale)
    step = 'make the evidence anew'
    if report.probe and all(result.identical for result in report.probe):
      step += '; the probe finds no difference'
    found.append((step, f'bazel test {targets}'))
    found.append(('and its tables', 'tools/nox -s evidence -- --collect'))
  return found
