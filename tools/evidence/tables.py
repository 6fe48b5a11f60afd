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

"""Makes the Markdown tables of the documents from the evidence."""

from typing import Iterable, Sequence

from tfmot_contrib import errors
from tfmot_contrib.convergence import judge
from tools.base import markdown
from tools.evidence import rows

_NOTHING = '-'
_DETAILS = (
    'row',
    'model',
    'exported as',
    'top-1',
    'drop',
    'zipped bytes',
    'zipped',
    'plain',
    'times faster',
    'zeros',
    'weights per channel',
    'mean drop of seeds',
    'finds a growth of',
    'admits a drop of',
    'training',
    'claims',
)
_MATRIX = (
    'row',
    'model',
    'exported as',
    'float baseline',
    'top-1',
    'zipped',
    'plain',
    'times faster',
    'claims',
)


def table(header: Sequence[str], body: Iterable[Sequence[str]]) -> str:
  """Returns a Markdown table without the columns in which nothing stands.

  Args:
    header: The names of the columns.
    body: Lines of as many cells.

  Returns:
    The table.
  """
  body = list(body)
  used = [
      i
      for i in range(len(header))
      if any(line[i] not in ('', _NOTHING) for line in body)
  ]
  lines = [[line[i] for i in used] for line in (header, *body)]
  return markdown.table(lines[0], lines[1:]).rstrip('\n')


def _count(verdicts: Sequence[judge.Verdict]) -> str:
  """Returns how many claims that decide hold, of how many."""
  decide = [v for v in verdicts if not v.claim.reported]
  return f'{sum(v.holds for v in decide)} of {len(decide)} hold'


def _claims(row: rows.Row) -> str:
  """Returns how the claims of a row fare, with those that fail by name."""
  cell = _count(row.verdicts)
  for judged in row.verdicts:
    claim = judged.claim
    if claim.known_failure:
      cell += f'; {judged.word}: [{claim.id}]({claim.known_failure.issue})'
    elif not judged.holds:
      cell += f'; {judged.word}: {claim.id}'
  return cell


def _why_not(row: rows.Row) -> str:
  """Returns why a row has no numbers, as one cell."""
  error = errors.one_line(row.refused).replace('`', "'")
  return f'refused: `{error}`' if error else 'no evidence yet'


def results(technique: rows.Technique) -> str:
  """Returns the table of the README of a technique.

  Args:
    technique: Its evidence.

  Returns:
    One line for each exported model of each row.
  """
  body = []
  for row in technique.rows:
    first = [f'`{row.label}`', rows.title(row.model)]
    if not row.run:
      blank = [_NOTHING] * (len(_DETAILS) - 3)
      body.append([*first, *blank, _why_not(row)])
      continue
    last = [*_noise(row), f'{row.run.training["seconds"]:.0f} s', _claims(row)]
    if not row.run.training['steps']:
      last[-2] = _NOTHING
    for export in row.exports:
      body.append([*first, *_details(row, export), *last])
      first, last = ['', ''], [''] * len(last)
  return table(_DETAILS, body)


def _noise(row: rows.Row) -> list[str]:
  """Returns what a row's reference knows of its drop, finds and admits.

  Args:
    row: The row. Where its reference is of another kind of processor, and so
      decides nothing about the drop, it tells of its noise all the same.

  Returns:
    Mean and deviation in points with the number of seeds, the growth, and the
    smallest drop that the seeds allow to promise.
  """
  noise = next((v.noise for v in row.verdicts if v.noise), None)
  drops = [v.claim.id for v in row.verdicts if v.claim.relation == 'drop']
  if not noise and row.known and drops and row.control:
    noise = row.known.noise(drops[0])
  if not noise:
    return [_NOTHING] * 3
  return [
      f'{noise.mean:+.2f} +- {noise.deviation:.2f} ({noise.seeds})',
      f'{noise.finds(judge.PLAN):.2f}',
      f'{noise.admits(judge.PLAN):.2f}',
  ]


def _details(row: rows.Row, export: rows.Export) -> list[str]:
  """Returns the cells of one exported model."""
  itself = row.run.exported[export.kind] is row.float_export
  against = [
      f'{export.drop:+.2f}',
      f'{export.gzip_bytes:,}',
      f'{export.zipped:.3f}',
      f'{export.plain:.3f}',
      f'{export.faster:.2f}',
  ]
  if itself:
    against = [_NOTHING, against[1], *[_NOTHING] * 3]
  zeros, values = export.sparsity, export.values
  return [
      export.kind,
      f'{export.accuracy:.2f} %',
      *against,
      _NOTHING if zeros is None else f'{100 * zeros:.2f} %',
      _NOTHING if values is None else f'{values}',
  ]


def matrix(techniques: Sequence[rows.Technique]) -> str:
  """Returns the table of all rows on all models.

  Args:
    techniques: The evidence.

  Returns:
    What it amounts to, and for each technique a title and a table with a line
    for each row on each model.
  """
  judged = [row for t in techniques for row in t.judged]
  others = [row for t in techniques for row in t.rows if not row.run]
  refused = sum(bool(row.refused) for row in others)
  verdicts = [v for row in judged for v in row.verdicts if not v.claim.reported]
  known = sum(bool(v.claim.known_failure) for v in verdicts)
  parts = [
      f'{len(judged)} rows on all models, {len(verdicts)} claims:'
      f' {sum(v.holds for v in verdicts)} hold, {known} known to fail.'
      f' Combinations that are refused: {refused}.'
  ]
  if missing := len(others) - refused:
    parts[0] += f' Rows of which there is no evidence yet: {missing}.'
  for technique in techniques:
    name = technique.name
    parts.append(f'### [{name}]({name}/README.md)')
    body, before = [], ''
    for row in technique.rows:
      label = f'`{row.label}`' if row.label != before else ''
      body.append([label, rows.title(row.model), *_line(row)])
      before = row.label
    parts.append(table(_MATRIX, body))
  return '\n\n'.join(parts)


def _line(row: rows.Row) -> list[str]:
  """Returns the numbers of a row on a model, its exported models by slashes."""
  if not row.run:
    return [*[_NOTHING] * (len(_MATRIX) - 3), _why_not(row)]
  kinds, *numbers = (
      ' / '.join(cells)
      for cells in zip(
          *(
              (
                  export.kind,
                  f'{export.accuracy:.2f}',
                  f'{export.zipped:.3f}',
                  f'{export.plain:.3f}',
                  f'{export.faster:.2f}',
              )
              for export in row.exports
          ),
          strict=True,
      )
  )
  before = f'{row.float_export["accuracy"]:.2f}' if row.baseline else _NOTHING
  return [kinds, before, *numbers, _claims(row)]


def summary(techniques: Sequence[rows.Technique], models: Sequence[str]) -> str:
  """Returns the short table: what one would deploy of each row.

  Args:
    techniques: The evidence.
    models: The float baselines to show, in this order.

  Returns:
    One line a row, with drop and zipped size on each of the models.
  """
  header = ['technique', 'row', 'exported as']
  for model in models:
    header += [f'{rows.title(model)}: drop', 'zipped']
  header.append('claims')
  body = []
  for technique in techniques:
    name = technique.name
    first = f'[{name}](tfmot_contrib/{name}/README.md)'
    for label in dict.fromkeys(row.label for row in technique.rows):
      here = {r.model: r for r in technique.rows if r.label == label}
      shown = [here[model] for model in models if model in here]
      if shown:
        body.append([first, f'`{label}`', *_short(shown, models)])
        first = ''
  return table(header, body)


def _short(shown: Sequence[rows.Row], models: Sequence[str]) -> list[str]:
  """Returns the cells of one label on some models."""
  cells = {model: [_NOTHING, _NOTHING] for model in models}
  kinds, verdicts = [], []
  for row in shown:
    if not row.run:
      cells[row.model] = ['refused' if row.refused else '?', _NOTHING]
      continue
    best = row.deployed
    kinds.append(best.kind)
    verdicts += row.verdicts
    cells[row.model] = [f'{best.drop:+.2f}', f'{best.zipped:.3f}']
  claims = _count(verdicts) if verdicts else _NOTHING
  if known := sum(bool(v.claim.known_failure) for v in verdicts):
    claims += f', {known} known to fail'
  return [
      ' / '.join(dict.fromkeys(kinds)) or _NOTHING,
      *(cell for model in models for cell in cells[model]),
      claims,
  ]
