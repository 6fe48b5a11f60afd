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

"""The report of a sync for a terminal: compact, and what to do next last."""

import textwrap
from typing import TYPE_CHECKING, Iterator

from tools.sync.impact import words

if TYPE_CHECKING:
  from tools.sync.impact import report as report_lib

_WIDTH = 80
_MARGIN = 11
_FILES = 20
_COMMITS = 10
_SITES = 5


def _part(title: str, lines: list[str]) -> Iterator[str]:
  """Yields the lines of a part, with its title in the margin of the first."""
  for number, line in enumerate(lines):
    margin = title if number == 0 else ''
    yield f'{margin:<{_MARGIN}}{line}'.rstrip()


def _wrapped(text: str) -> list[str]:
  """Returns a text as lines that fit beside the margin; words stay whole."""
  return textwrap.wrap(
      text,
      _WIDTH - _MARGIN,
      break_long_words=False,
      break_on_hyphens=False,
      subsequent_indent='  ',
  )


def _cut(lines: list[str], limit: int, noun: str) -> list[str]:
  """Returns the first lines, and how many more there are."""
  more = len(lines) - limit
  if more <= 0:
    return lines
  return [*lines[:limit], f'and {words.count(more, f"more {noun}")}']


def _files(report: 'report_lib.Report') -> list[str]:
  if report.files is None:
    return ['the first sync: nothing to compare with']
  names = [f'{letter} {name}' for letter, name in words.changed_files(report)]
  return [', '.join(words.file_counts(report)), *_cut(names, _FILES, 'file')]


def _log(report: 'report_lib.Report') -> list[str]:
  if report.log is None:
    return ['the source has no history']
  if not report.log:
    return ['no commit touches the mirrored files']
  lines = [
      f'{commit.commit[:12]} {commit.date[:10]} {commit.subject}'
      for commit in report.log
  ]
  return [words.count(len(lines), 'commit'), *_cut(lines, _COMMITS, 'commit')]


def _api(report: 'report_lib.Report') -> list[str]:
  """Returns what changed in the symbols that the fork uses."""
  if not report.api:
    return ['nothing changed of what our code uses']
  lines = []
  for change in report.api:
    mark = 'BREAKS ' if change.breaks else ''
    lines += _wrapped(f'{mark}{change.symbol} {change.kind}: {change.detail}')
    sites = [
        f'{site.path}:{site.line} {site.note} ({site.target or "no target"})'
        for site in change.sites
    ]
    lines += [f'    {line}' for line in _cut(sites, _SITES, 'place')]
  return lines


def _stale(report: 'report_lib.Report') -> list[str]:
  """Returns which runs are to be made again."""
  lines = [
      f'{len(report.stale)} of {words.count(report.runs, "convergence test")}'
      ' stale'
  ]
  for causes, targets in words.by_causes(report.stale):
    why = words.count(len(causes), 'file') if causes else 'BUILD does not tell'
    lines.append(f'{words.count(len(targets), "test")}, by {why}:')
    lines += [f'  {target}' for target in targets]
    lines += [f'    {line}' for line in _cut(list(causes), _SITES, 'file')]
  return lines


def _probe(report: 'report_lib.Report') -> list[str]:
  if report.probe is None:
    return [f'not made: {report.why_no_probe or "not asked for"}']
  lines = []
  for result in report.probe:
    lines += _wrapped(f'{result.experiment}: {words.probed(result)}')
  return lines


def _needs(report: 'report_lib.Report') -> list[str]:
  """Returns which packages the new upstream needs."""
  needs = report.dependencies
  if needs is None:
    return ['not known']
  lines = [] if needs.known else ['one of the sources does not tell']
  for need in needs.changes:
    change = f'{need.old or "-"} -> {need.new or "-"}'
    lines.append(f'{need.name} {change}: {need.verdict}')
  lines += [f'{n.name} {n.new}, as before: {n.verdict}' for n in needs.unmet]
  for new in needs.imports:
    where = 'the environment has it' if new.found else 'NOT in the environment'
    lines.append(f'{new.file} imports {new.package}: {where}')
  return lines or ['as before']


def _licences(report: 'report_lib.Report') -> list[str]:
  """Returns which licenses changed."""
  licences = report.licences
  if licences is None:
    return ['not compared']
  counts = sorted(licences.counts.items(), key=lambda item: -item[1])
  lines = [', '.join(f'{name}: {number:,} files' for name, number in counts)]
  for news in licences.news:
    lines.append(f'NEW {news.what}: {news.old:,} -> {news.new:,} files')
    lines += [f'    {name}' for name in news.files]
  lines += [f'changed: {name}' for name in licences.files]
  if licences.metadata:
    lines.append('of the wheel: {} -> {}'.format(*licences.metadata))
  return lines


def _patches(report: 'report_lib.Report') -> list[str]:
  lines = [
      f'{patch.verdict:9} {patch.name}  {patch.note}'.rstrip()
      for patch in report.patches
  ]
  return lines or ['none']


def render(report: 'report_lib.Report') -> str:
  """Returns the report as text.

  Args:
    report: The report.

  Returns:
    Lines; those that we write are at most 80 columns where words allow.
  """
  lines = [f'Official Models {words.versions(report)}']
  for title, part in (
      ('files', _files),
      ('patches', _patches),
      ('upstream', _log),
      ('API', _api),
      ('evidence', _stale),
      ('probe', _probe),
      ('needs', _needs),
      ('licences', _licences),
  ):
    if part is _stale and report.files is None:
      continue
    lines += _part(title, part(report))
  steps = words.steps(report)
  lines += _part('next', [] if steps else ['nothing: no run is touched'])
  for number, (step, command) in enumerate(steps):
    title = 'next' if number == 0 else ''
    lines += _part(title, _wrapped(step))
    # Not wrapped: it is there to be copied.
    lines += [f'    {command}'] if command else []
  return '\n'.join(lines) + '\n'
