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

"""Links of documents: relative files and headings."""

import functools
import posixpath
import re
from typing import Iterator
import urllib.parse

from tools.lint import registry
from tools.lint import tree

_ON = ('*.md', 'docs/**/*.md', 'tfmot_contrib/**/*.md', '.github/**/*.md')
_LINK = re.compile(r'!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)')
_REFERENCE = re.compile(r'^\[[^\]]+\]:\s*(\S+)', re.MULTILINE)
_FENCE = re.compile(r'^(```|~~~).*?^\1', re.DOTALL | re.MULTILINE)
_CODE = re.compile(r'`[^`\n]*`')


def _blank(found: re.Match[str]) -> str:
  """Returns as many empty lines as were found, so that lines keep numbers."""
  return re.sub(r'[^\n]', ' ', found[0])


def anchor(title: str) -> str:
  """Returns what GitHub calls the heading with a title."""
  title = re.sub(r'\[([^\]]*)\]\([^)]*\)', r'\1', title.strip()).lower()
  return re.sub(r'[^\w\- ]', '', title).replace(' ', '-')


def anchors(text: str) -> set[str]:
  """Returns what one can link to in a document."""
  found: set[str] = set()
  for line in _FENCE.sub(_blank, text).split('\n'):
    if heading := re.match(r'#{1,6} +(.*?) *#*$', line):
      name, count = anchor(heading[1]), 0
      while (f'{name}-{count}' if count else name) in found:
        count += 1
      found.add(f'{name}-{count}' if count else name)
    found.update(re.findall(r'(?:id|name)="([^"]+)"', line))
  return found


@registry.project_rule(
    'link-resolves',
    on=('**',),
    source=registry.TEMPLATE,
    bad=(
        {'docs/a.md': 'See [b](b.md).\n'},
        {'docs/a.md': 'See [b](b.md#two).\n', 'docs/b.md': '# One\n'},
        {'README.md': '# One\n\nSee [here](#too).\n'},
        {'README.md': '[b]: docs/gone.md\n'},
        {'README.md': '[b](.github/a.yml)\n', 'github/a.yml': 'a: 1\n'},
    ),
    good=(
        {
            'docs/a.md': (
                '[b](b.md#one-two), [folder](..), [web](https://a.org/x)\n'
                '\n```\n[no](link.md)\n```\n`[no](link.md)`\n'
            ),
            'docs/b.md': '# One *two*\n',
        },
        {'README.md': '[b](.github/a.yml)\n', '.github/a.yml': 'a: 1\n'},
    ),
)
def check_link_resolves(
    project: tree.Project,
) -> Iterator[tuple[str, int, str]]:
  """A link to a file or a heading of this project leads there.

  Links to other places are not followed: a lint needs no network.
  """
  known = functools.cache(lambda path: anchors(project.files[path].text or ''))
  for file in project.glob(*_ON):
    text = _CODE.sub(_blank, _FENCE.sub(_blank, file.text or ''))
    for found in [*_LINK.finditer(text), *_REFERENCE.finditer(text)]:
      target = urllib.parse.unquote(found[1])
      if re.match(r'[a-z][a-z0-9+.-]*:', target) or target.startswith('//'):
        continue
      line = text.count('\n', 0, found.start()) + 1
      place, _, name = target.partition('#')
      path = posixpath.normpath(posixpath.join(file.folder, place))
      path = file.path if not place else path.strip('/')
      path = '' if path == '.' else path
      if path.startswith('..') or not project.exists(path):
        yield file.path, line, f'{target} leads nowhere'
      elif name and path.endswith('.md') and name not in known(path):
        yield file.path, line, f'{path} has no heading #{name}'
