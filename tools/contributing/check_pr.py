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

"""Checks the approvals in the text of a pull request: check_pr -- FILE.

    tools/nox -s check_pr -- pull_request.md
    gh pr view 12 --json body --jq .body | tools/nox -s check_pr -- -

TFMOT's process has an order: the results are reproduced before TFMOT approves,
TFMOT approves before Official Models is asked, the release comes before the
minimum version. The template has a box for each step. A box counts when it is
ticked and says by whom and where to see it; no box is ticked before the one
above it.
"""

import argparse
import pathlib
import re
import sys
from typing import NamedTuple, Sequence

from tfmot_contrib import errors
from tfmot_contrib import surroundings
from tools.env import bootstrap

TEMPLATE = '.github/PULL_REQUEST_TEMPLATE.md'
_URL = r'https://\S+'
_COMMIT = r'[0-9a-f]{7,40}\b'
_VERSION = r'\d+\.\d+\.\d+\b'
_BOX = re.compile(r'^ {0,3}[-*] \[(.?)\] \*\*(\w+)\*\*(.*)$')
_BY = re.compile(r'\bBy: *(@[\w-]+(?:/[\w.-]+)?)')
_SEE = re.compile(r'\bSee: *(\S+)')
_NOT = re.compile(r'\bn/a: *(\S.{7,})')
_KIND = re.compile(r'^Kind: *(.*?) *$', re.MULTILINE)
_AUTHOR = re.compile(r'^Author: *(@[\w-]+) *$', re.MULTILINE)
_COMMENT = re.compile(r'<!--.*?-->', re.DOTALL)
KINDS = ('technique', 'change')


class Box(NamedTuple):
  """A box of the template.

  Attributes:
    id: Its word.
    see: What is to be seen, as a regular expression and in words.
    optional: For which kinds of pull requests it may be `n/a: reason`.
    other: Whether the author of the pull request may not tick it.
  """

  id: str
  see: tuple[str, str]
  optional: tuple[str, ...] = ()
  other: bool = False


BOXES = (
    Box('rfc', (_URL, 'the URL of the RFC'), ('change',)),
    Box('tests', (f'{_URL}|{_COMMIT}', 'a run or a commit')),
    Box('results', (_URL, 'the URL of the evidence'), ('change',)),
    Box('reproduced', (_URL, 'the URL of the report'), ('change',), True),
    Box('official_models', (_URL, 'the URL of the comment'), KINDS, True),
    Box('release', (_VERSION, 'the version of TFMOT'), ('change',)),
    Box('minimum', (_VERSION, 'the version of TFMOT'), ('change',)),
    Box('final', (f'{_URL}|{_COMMIT}', 'the review'), (), True),
)


class Ticked(NamedTuple):
  """What a pull request says of a box.

  Attributes:
    id: Of the box.
    mark: What stands between the brackets.
    rest: The text behind it, on one line.
  """

  id: str
  mark: str
  rest: str


def boxes(text: str) -> list[Ticked]:
  """Returns the boxes of a text in their order; a box may go over lines."""
  found: list[Ticked] = []
  inside = False
  for line in _COMMENT.sub('', text).splitlines():
    if match := _BOX.match(line):
      mark, name, rest = match.groups()
      found.append(Ticked(name, mark.strip().lower(), rest))
      inside = True
    elif inside and line.startswith('  ') and line.strip():
      found[-1] = found[-1]._replace(rest=f'{found[-1].rest} {line.strip()}')
    else:
      inside = False
  return found


def _problems_of(box: Box, said: Ticked, kind: str, author: str) -> list[str]:
  """Returns what is wrong with a box that is ticked."""
  if reason := _NOT.search(said.rest):
    if kind in box.optional:
      return []
    return [f'{box.id}: n/a is no answer for a {kind} ({reason[1][:40]})']
  if 'n/a' in said.rest:
    return [f'{box.id}: say why it does not apply: "n/a: reason"']
  problems = []
  by, see = _BY.search(said.rest), _SEE.search(said.rest)
  if not by:
    problems.append(f'{box.id}: ticked, but by nobody: "By: @name"')
  elif box.other and by[1].lower() == author.lower():
    problems.append(f'{box.id}: {author} is the author; another has to do it')
  pattern, words = box.see
  if not see:
    problems.append(f'{box.id}: ticked without {words}: "See: …"')
  elif not re.fullmatch(pattern, see[1].rstrip('.,;')):
    problems.append(f'{box.id}: See: {see[1]} is not {words}')
  return problems


def problems(text: str) -> list[str]:
  """Returns what is wrong with the approvals of a pull request.

  Args:
    text: Of the pull request.

  Returns:
    A line for each; none if the boxes are in order and filled so far.
  """
  plain = _COMMENT.sub('', text)
  kind, author = _KIND.search(plain), _AUTHOR.search(plain)
  if not kind or kind[1] not in KINDS:
    return [f'say what it is: "Kind: {KINDS[0]}" or "Kind: {KINDS[1]}"']
  if not author:
    return ['say who asks: "Author: @name"']
  found = boxes(text)
  wanted = [box.id for box in BOXES]
  got = [said.id for said in found]
  if got != wanted:
    for name in wanted:
      if got.count(name) != 1:
        many = 'is missing' if name not in got else 'is there twice'
        return [f'the box {name} {many}: take the text of {TEMPLATE}']
    if strange := [name for name in got if name not in wanted]:
      return [f'there is no box {strange[0]}: take the text of {TEMPLATE}']
    first = next(n for n, w in zip(got, wanted, strict=True) if n != w)
    return [f'the box {first} is not at its place: {", ".join(wanted)}']
  result = []
  open_box = ''
  for box, said in zip(BOXES, found, strict=True):
    if said.mark not in ('', 'x'):
      result.append(f'{box.id}: [{said.mark}] is neither [ ] nor [x]')
    elif not said.mark:
      open_box = open_box or box.id
    else:
      if open_box:
        result.append(f'{box.id}: ticked before {open_box}')
      result += _problems_of(box, said, kind[1], author[1])
  return result


def left(text: str) -> list[str]:
  """Returns the boxes that are not ticked, in their order."""
  return [said.id for said in boxes(text) if said.mark != 'x']


def read(source: str) -> str:
  """Returns the text of a pull request.

  Args:
    source: A file, `-` for standard input, or the text itself.

  Returns:
    The text.

  Raises:
    errors.InputError: It is none of these.
  """
  if source == '-':
    return sys.stdin.read()
  if '\n' in source:
    return source
  try:
    return surroundings.path(source).read_text(encoding='utf-8')
  except (OSError, UnicodeDecodeError) as error:
    raise errors.InputError(
        f'{source!r} is no text file and no text of a pull request: give a'
        ' file, or - for standard input'
    ) from error


@errors.exits_with_one_line
def main(argv: Sequence[str], root: pathlib.Path = bootstrap.ROOT) -> int:
  """Checks a pull request.

  Args:
    argv: The command line without the program.
    root: The folder of the project.

  Returns:
    0 if the approvals are in order (with --complete: and all there), else 1.
  """
  del root
  parser = argparse.ArgumentParser(prog='check_pr', description=__doc__)
  parser.add_argument('source', metavar='FILE_OR_TEXT')
  parser.add_argument(
      '--complete', action='store_true', help='no box may be left, for merging'
  )
  flags = parser.parse_args(argv)
  text = read(flags.source)
  found = problems(text)
  missing = [] if found else left(text)
  for problem in found:
    print(problem)
  if missing:
    print(f'{"left" if flags.complete else "next"}: {", ".join(missing)}')
  elif not found:
    print('all approvals are there')
  return 1 if found or (flags.complete and missing) else 0


if __name__ == '__main__':
  sys.exit(main(sys.argv[1:]))
