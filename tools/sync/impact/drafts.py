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

"""What a sync leaves to be edited: a CHANGELOG entry and a commit message."""

import textwrap
from typing import TYPE_CHECKING

from tools.sync.impact import words

if TYPE_CHECKING:
  from tools.sync.impact import report as report_lib

_SUBJECT = 72
_NAMES = 12


def _patches(report: 'report_lib.Report') -> str:
  """Returns a sentence about the patches."""
  if not report.patches:
    return ''
  found: dict[str, list[str]] = {}
  for patch in report.patches:
    found.setdefault(patch.verdict, []).append(patch.name[:4])
  clean = len(found.pop('clean', []))
  parts = [f'{clean} clean'] if clean else []
  parts += [f'{verdict}: {", ".join(n)}' for verdict, n in found.items()]
  return f'Patches: {"; ".join(parts)}.'


def _meaning(report: 'report_lib.Report') -> list[str]:
  """Returns sentences about what a sync means for us."""
  found = []
  if report.api:
    broken = sum(change.breaks for change in report.api)
    found.append(
        f'{words.count(len(report.api), "change")} of the API that we use'
        + (f', of which {broken} can break our code.' if broken else '.')
    )
  elif report.files is not None:
    found.append('The API that we use is as it was.')
  if report.probe is not None:
    differ = [r.experiment for r in report.probe if not r.identical]
    found.append(
        f'The probe finds a difference in {", ".join(differ)}.'
        if differ
        else 'The probe finds no numeric difference.'
    )
  if report.stale:
    found.append(
        f'{words.count(len(report.stale), "convergence test")} of'
        f' {report.runs} have to be run again.'
    )
  elif report.files is not None:
    found.append('No evidence is stale.')
  needs = report.dependencies
  unmet = (
      [n.name for n in (*needs.changes, *needs.unmet) if n.met is False]
      if needs
      else []
  )
  if unmet:
    found.append(f'Our lock does not meet: {", ".join(unmet)}.')
  return found


def changelog_entry(report: 'report_lib.Report') -> str:
  """Returns a draft of the entry in CHANGELOG.md.

  Args:
    report: The report.

  Returns:
    One item of a list, wrapped.
  """
  text = [f'The mirror is of Official Models {report.new.short}']
  if report.old and report.old.short != report.new.short:
    text[0] += f', before {report.old.short}'
  if report.files is not None:
    changed = len(report.files.substantial)
    text[0] += f': {words.count(changed, "file")} changed in substance'
  text[0] += '.'
  text += _meaning(report)
  return (
      textwrap.fill(
          ' '.join(text),
          80,
          initial_indent='* ',
          subsequent_indent='  ',
          break_long_words=False,
          break_on_hyphens=False,
      )
      + '\n'
  )


def commit_message(report: 'report_lib.Report') -> str:
  """Returns a draft of the commit message.

  Args:
    report: The report.

  Returns:
    A subject of at most 72 columns, an empty line, and a body.
  """
  subject = f'Mirror: Official Models {words.versions(report)}'
  if len(subject) > _SUBJECT:
    subject = f'Mirror: Official Models {report.new.short}'[:_SUBJECT]
  paragraphs = []
  if report.files is not None:
    counts = ', '.join(words.file_counts(report))
    paragraphs.append(f'Files: {counts} (comments or docstrings).')
  paragraphs.append(_patches(report))
  paragraphs.append(' '.join(_meaning(report)))
  filled = [
      textwrap.fill(text, 72, break_long_words=False, break_on_hyphens=False)
      for text in paragraphs
      if text
  ]
  names = [f'  {letter} {name}' for letter, name in words.changed_files(report)]
  if len(names) > _NAMES:
    names[_NAMES:] = [f'  and {len(names) - _NAMES:,} more']
  if names:
    filled.append('\n'.join(names))
  return '\n\n'.join([subject, *filled]) + '\n'
