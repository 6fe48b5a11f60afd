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

"""The report of a sync as Markdown, for a pull request."""

from typing import TYPE_CHECKING, Iterator, Sequence

from tools.sync.impact import words

if TYPE_CHECKING:
  from tools.sync.impact import report as report_lib

_COMMITS = 200
_FILES = 200


def _code(text: object) -> str:
  """Returns a text as code, also inside of a table."""
  plain = ' '.join(str(text).split()).replace('`', "'").replace('|', '\\|')
  return f'`{plain}`' if plain else ''


def _cell(text: object) -> str:
  """Returns a text that may be in a table."""
  return ' '.join(str(text).split()).replace('|', '\\|').replace('<', '&lt;')


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
  """Yields a table."""
  for row in (head, ['---'] * len(head), *rows):
    yield f'| {" | ".join(cell or "-" for cell in row)} |'


def _identity(report: 'report_lib.Report') -> Iterator[str]:
  """Yields which upstreams these are."""
  sides = [('old', report.old), ('new', report.new)]
  rows = []
  for side, identity in sides:
    if identity is None:
      continue
    resolved = identity.resolved
    exact = resolved.get('commit') or resolved.get('wheel') or ''
    rows.append([
        side,
        _code(f'{identity.name} {identity.version}'.strip()),
        _code(exact),
        _code(identity.pristine[:16]),
        _code(identity.patched[:16]),
    ])
  head = ('', 'source', 'is', 'pristine tree', 'patched tree')
  yield from _table(head, rows)


def _files(report: 'report_lib.Report') -> Iterator[str]:
  """Yields what changed in upstream's files."""
  if report.files is None:
    yield 'The first sync: there is nothing to compare with.'
    return
  yield f'{", ".join(words.file_counts(report))}.'
  if report.files.trivial:
    yield ''
    yield 'Trivially: comments, layout or docstrings, such as the year.'
  names = words.changed_files(report)
  if names:
    yield ''
    yield from (f'* {letter} {_code(name)}' for letter, name in names[:_FILES])
  if len(names) > _FILES:
    yield f'* and {words.count(len(names) - _FILES, "more file")}'


def _patches(report: 'report_lib.Report') -> Iterator[str]:
  rows = [
      [_code(p.name), _cell(p.subject), p.verdict, _cell(p.note)]
      for p in report.patches
  ]
  if rows:
    yield from _table(('patch', 'what', 'verdict', 'note'), rows)
  else:
    yield 'None.'


def _log(report: 'report_lib.Report') -> Iterator[str]:
  """Yields upstream's commits."""
  if report.log is None:
    yield 'The source has no history.'
    return
  if not report.log:
    yield 'No commit touches the mirrored files.'
  for commit in report.log[:_COMMITS]:
    yield (
        f'* {_code(commit.commit[:12])} {commit.date[:10]}'
        f' {_cell(commit.author)}: {_cell(commit.subject)}'
    )
  if len(report.log) > _COMMITS:
    more = words.count(len(report.log) - _COMMITS, 'more commit')
    yield f'* and {more}'


def _api(report: 'report_lib.Report') -> Iterator[str]:
  if not report.api:
    yield 'Nothing changed of what our code uses.'
  for change in report.api:
    mark = '**breaks** ' if change.breaks else ''
    detail = f': {_code(change.detail)}' if change.detail else ''
    yield f'* {mark}{_code(change.symbol)} {change.kind}{detail}'
    for site in change.sites:
      target = f' ({_code(site.target)})' if site.target else ''
      yield f'  * {_code(f"{site.path}:{site.line}")} {site.note}{target}'


def _stale(report: 'report_lib.Report') -> Iterator[str]:
  tests = words.count(report.runs, 'convergence test')
  yield f'{len(report.stale)} of {tests} stale.'
  for causes, targets in words.by_causes(report.stale):
    yield ''
    names = ', '.join(map(_code, causes))
    yield f'Because of {names or "what BUILD does not tell"}:'
    yield ''
    yield from (f'* {_code(target)}' for target in targets)


def _probe(report: 'report_lib.Report') -> Iterator[str]:
  """Yields what was tried out and how it went."""
  if report.probe is None:
    yield f'Not made: {report.why_no_probe or "not asked for"}.'
    return
  yield 'Largest absolute difference, same seed, weights, images and labels:'
  yield ''
  parts = ('initial', 'logits', 'loss', 'weights')
  rows = []
  for result in report.probe:
    gaps = [
        words.number(result.largest[part]) if part in result.largest else ''
        for part in parts
    ]
    rows.append([_code(result.experiment), *gaps, _cell(words.probed(result))])
  head = (
      'experiment',
      'initial weights',
      'logits',
      'loss',
      'weights after a step',
      'verdict',
  )
  yield from _table(head, rows)


def _needs(report: 'report_lib.Report') -> Iterator[str]:
  """Yields which packages the new upstream needs."""
  needs = report.dependencies
  if needs is None:
    yield 'Not known.'
    return
  if not needs.known:
    yield 'One of the sources does not tell what it requires.'
    yield ''
  rows = [
      [_code(n.name), _code(n.old or ''), _code(n.new or ''), _cell(n.verdict)]
      for n in (*needs.changes, *needs.unmet)
  ]
  if rows:
    yield from _table(('package', 'old', 'new', 'our lock'), rows)
  elif needs.known:
    yield 'As before.'
  for new in needs.imports:
    where = 'has it' if new.found else '**does not have it**'
    yield ''
    yield (
        f'{_code(new.file)} imports {_code(new.package)}: the environment'
        f' {where}.'
    )


def _licences(report: 'report_lib.Report') -> Iterator[str]:
  """Yields which licenses changed."""
  licences = report.licences
  if licences is None:
    yield 'Not compared.'
    return
  rows = [
      [_cell(name), f'{number:,}']
      for counts in (licences.counts, licences.holders)
      for name, number in sorted(counts.items(), key=lambda item: -item[1])
  ]
  yield from _table(('licence or holder', 'files'), rows)
  for news in licences.news:
    names = ', '.join(map(_code, news.files))
    yield ''
    yield (
        f'**New**: {_cell(news.what)}, {news.old:,} -> {news.new:,} files, such'
        f' as {names}.'
    )
  for name in licences.files:
    yield ''
    yield f'{_code(name)} changed.'
  if licences.metadata:
    yield ''
    yield 'Of the wheel: {} -> {}.'.format(*map(_cell, licences.metadata))


def _steps(report: 'report_lib.Report') -> Iterator[str]:
  steps = words.steps(report)
  if not steps:
    yield 'Nothing: no run is touched.'
  for number, (step, command) in enumerate(steps, 1):
    yield f'{number}. {step[:1].upper()}{step[1:]}{":" if command else "."}'
    if command:
      yield from ('', '   ```shell', f'   {command}', '   ```', '')


def render(report: 'report_lib.Report') -> str:
  """Returns the report as Markdown.

  Args:
    report: The report.

  Returns:
    A document.
  """
  lines = [f'# Official Models {words.versions(report)}', '']
  lines += _identity(report)
  for title, part in (
      ('Files', _files),
      ('Patches', _patches),
      ('Upstream', _log),
      ('API that our code uses', _api),
      ('Evidence', _stale),
      ('Numeric probe', _probe),
      ('What it needs', _needs),
      ('Licences', _licences),
      ('What to do', _steps),
  ):
    if part is _stale and report.files is None:
      continue
    lines += ['', f'## {title}', '', *part(report)]
  return '\n'.join(lines).rstrip() + '\n'
