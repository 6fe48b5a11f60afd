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

"""The report: one page of all evidence, and a summary for a pull request.

    tools/nox -s report

reads the committed evidence, references and nights. It writes
report/index.html, which needs nothing else, and report/summary.md: what is not
good, and the matrix of all rows.
"""

import argparse
import base64
import html
import pathlib
import sys
from typing import Any, Iterable, Sequence

from tfmot_contrib import errors
from tfmot_contrib import surroundings
from tfmot_contrib.convergence import judge
from tfmot_contrib.convergence import reference
from tools.base import figures
from tools.base import files
from tools.env import bootstrap
from tools.evidence import documents
from tools.evidence import nights
from tools.evidence import plots
from tools.evidence import rows
from tools.evidence import signatures
from tools.evidence import tables

_STYLE = """\
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto;
  padding: 0 1rem; max-width: 70rem; color: #222; }
table { border-collapse: collapse; margin: .5rem 0; display: block;
  overflow-x: auto; max-width: 100%; }
th, td { padding: .2rem .6rem; text-align: left; border-bottom: 1px solid #ddd;
  vertical-align: top; }
th { font-weight: 600; }
.good { color: #1a7f37; }
.bad { color: #b42318; font-weight: 600; }
.charts { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start; }
details { border: 1px solid #ddd; border-radius: 6px; padding: .4rem .8rem;
  margin: .4rem 0; }
summary { cursor: pointer; }
img { max-width: 100%; height: auto; }
"""
_HEADER = ('claim', 'documented', 'measured', 'bound', 'verdict')


def document(title: str, parts: Iterable[str]) -> str:
  """Returns a page that needs no other file, made of elements."""
  title = html.escape(title)
  return '\n'.join([
      '<!doctype html><html lang="en"><head><meta charset="utf-8">',
      '<meta name="viewport" content="width=device-width">',
      f'<title>{title}</title><style>{_STYLE}</style></head>',
      f'<body><h1>{title}</h1>',
      *parts,
      '</body></html>\n',
  ])


def image(figure: Any, text: str) -> str:
  """Returns a figure as an element that needs no other file."""
  data = base64.b64encode(figures.svg(figure).encode()).decode()
  text = html.escape(text)
  return f'<img alt="{text}" src="data:image/svg+xml;base64,{data}">'


def table(header: Sequence[str], body: Iterable[Sequence[str]]) -> str:
  """Returns a table; cells of the body are HTML."""
  head = ''.join(f'<th>{html.escape(cell)}</th>' for cell in header)
  lines = ''.join(
      f'<tr>{"".join(f"<td>{cell}</td>" for cell in line)}</tr>'
      for line in body
  )
  return f'<table><tr>{head}</tr>{lines}</table>'


def _verdict(verdict: judge.Verdict) -> list[str]:
  """Returns the cells of a verdict."""
  claim = verdict.claim
  kind = 'good' if verdict.good else 'bad'
  word = html.escape(verdict.word)
  if claim.known_failure:
    issue = html.escape(claim.known_failure.issue, quote=True)
    word = f'<a href="{issue}">{word}</a>'
  name = html.escape(claim.id)
  reason = html.escape(f'{claim.reason} Source: {claim.source}', quote=True)
  return [
      f'<span title="{reason}">{name}</span>',
      html.escape(claim.documented),
      f'{verdict.measured:.4g}',
      html.escape(verdict.bound),
      f'<span class="{kind}">{word}</span>',
  ]


def _differences(verdict: judge.Verdict) -> str:
  """Returns where a run differs from its reference, if it does."""
  if not verdict.differences:
    return ''
  body = [
      [html.escape(str(part)) for part in difference]
      for difference in verdict.differences
  ]
  return table(('where', 'expected', 'got'), body)


def _row(row: rows.Row) -> str:
  """Returns what there is to see of a row."""
  bad = [v for v in row.verdicts if not v.good]
  kind, count = ('bad', len(bad)) if bad else ('good', len(row.verdicts))
  export = row.deployed
  title = html.escape(f'{rows.title(row.model)}: {row.label}')
  parts = [
      (
          f'<details id="{html.escape(row.test)}"{" open" if bad else ""}>'
          f'<summary><b>{title}</b> {html.escape(export.kind)}, top-1'
          f' {export.accuracy:.2f} %, drop {export.drop:+.2f}, zipped'
          f' {export.zipped:.3f} <span class="{kind}">{count}'
          f' {"not good" if bad else "good"}</span></summary>'
      ),
      table(_HEADER, [_verdict(v) for v in row.verdicts]),
      *(_differences(v) for v in row.verdicts),
      '<div class="charts">',
      *(image(plots.path(v), 'seeds') for v in row.verdicts if v.decision),
  ]
  parts.append(image(plots.zeros(row), 'zeros of each layer'))
  parts.append(_operators(row, export))
  if row.known:
    parts.append(_history(row.known))
  return '\n'.join([*parts, '</div></details>'])


def _operators(row: rows.Row, export: rows.Export) -> str:
  """Returns the operators of an exported model beside the float baseline's."""
  before = row.float_export['operators']
  now = row.run.exported[export.kind]['operators']
  body = []
  for name in sorted({*before, *now}):
    counts = [
        str(of.get(name, {}).get(which, 0))
        for of, which in ((before, 'total'), (now, 'total'), (now, 'integer'))
    ]
    body.append([html.escape(name), *counts])
  return table(('operator', 'float baseline', 'here', 'integer'), body)


def _history(known: reference.Reference) -> str:
  """Returns how a reference has become what it is, the newest first."""
  body = [
      [
          html.escape(entry['date']),
          html.escape(
              ', '.join(f'{k} {v}' for k, v in entry['versions'].items())
          ),
          html.escape(
              ', '.join(f'{k} {v:.2f}' for k, v in entry['drops'].items())
          ),
          html.escape(entry['why']),
      ]
      for entry in reversed(known.history)
  ]
  return table(('reference of', 'versions', 'mean drop', 'why'), body)


def _signed(root: pathlib.Path) -> str:
  """Returns what was signed of each test, over versions."""
  body = []
  for evidence in signatures.collect(root):
    drops = [
        f'{claim["measured"]:.2f}'
        for claim in evidence['claims']
        if claim['kind'] == 'accuracy'
    ]
    bad = len(signatures.bad_claims(evidence))
    cells = (
        evidence['test'],
        evidence['tfmot'],
        evidence['tensorflow'],
        f'{evidence["party"]}, {evidence["role"]}',
        ', '.join(drops),
        f'{bad} not good' if bad else f'all {len(evidence["claims"])} good',
    )
    body.append([html.escape(cell) for cell in cells])
  header = ('test', 'TFMOT', 'TensorFlow', 'signed by', 'drop', 'claims')
  return f'<h2>Over versions</h2>{table(header, sorted(body))}' if body else ''


def _nights(root: pathlib.Path) -> str:
  """Returns the nights, the newest first."""
  body = []
  for night in reversed(nights.read(root)):
    statuses = list(night['tests'].values())
    cells = (
        night['date'],
        night['channel'],
        ', '.join(f'{k} {v}' for k, v in night['versions'].items()),
        f'{statuses.count("PASSED")} of {len(statuses)} tests pass',
        'green' if night['green'] else 'red',
    )
    body.append([html.escape(cell) for cell in cells])
  header = ('night', 'channel', 'versions', 'tests', '')
  return f'<h2>Nights</h2>{table(header, body)}' if body else ''


def page(techniques: Sequence[rows.Technique], extra: Sequence[str]) -> str:
  """Returns the page.

  Args:
    techniques: The evidence.
    extra: More elements for the top.

  Returns:
    HTML that needs no other file.
  """
  judged = [row for t in techniques for row in t.judged]
  bad = [row for row in judged if any(not v.good for v in row.verdicts)]
  versions = judged[0].run.versions if judged else {}
  processors = sorted({row.run.instruction_set for row in judged})
  state = (
      f'<p class="bad">{len(bad)} of {len(judged)} rows are not good.</p>'
      if bad
      else f'<p class="good">All {len(judged)} rows are good.</p>'
  )
  parts = [
      state,
      '<p>',
      html.escape(', '.join(f'{k} {v}' for k, v in versions.items())),
      f'; trained on {html.escape(", ".join(processors))}.</p>',
      *extra,
  ]
  for technique in techniques:
    if not technique.judged:
      continue
    name = html.escape(technique.name)
    parts.append(f'<h2 id="{name}">{name}</h2>')
    parts += [_row(row) for row in technique.judged]
  return document('TFMOT on Official Models', parts)


def summary(techniques: Sequence[rows.Technique]) -> str:
  """Returns the summary for a pull request.

  Args:
    techniques: The evidence.

  Returns:
    Markdown: a line for each verdict that is not good, and the matrix.
  """
  red = [
      f'* `{row.test}`: {v.claim.id} is {v.measured:.4g}, bound {v.bound}:'
      f' {v.word}'
      for technique in techniques
      for row in technique.judged
      for v in row.verdicts
      if not v.good
  ]
  lines = ['Not good:', '', *red, ''] if red else []
  return '\n'.join([*lines, tables.matrix(techniques), ''])


@errors.exits_with_one_line
def main(argv: Sequence[str], root: pathlib.Path = bootstrap.ROOT) -> None:
  """Writes the report.

  Args:
    argv: The command line without the program.
    root: The folder of the project.

  Raises:
    errors.InputError: There is no evidence, it is wrong, or the folder cannot
      be written.
  """
  parser = argparse.ArgumentParser(prog='page', description=__doc__)
  parser.add_argument(
      '--output',
      type=surroundings.path,
      default=root / 'report',
      help='a folder',
  )
  flags = parser.parse_args(argv)
  techniques = rows.load(root)
  if not any(technique.judged for technique in techniques):
    raise errors.InputError(f'there is no evidence: {rows.COLLECT}')
  figure = plots.accuracy_against_size(techniques)
  extra = [image(figure, 'accuracy against zipped size')]
  weights = root / 'tfmot_contrib' / rows.WEIGHTS
  if weights.is_file():
    figure = plots.weights_of_stages(documents.weights(weights))
    extra.append(image(figure, 'weights of each stage'))
  extra += [_signed(root), _nights(root)]
  texts = {'index.html': page(techniques, extra)}
  texts['summary.md'] = summary(techniques)
  files.write_all(flags.output, texts)
  print(flags.output / 'index.html')


if __name__ == '__main__':
  main(sys.argv[1:])
