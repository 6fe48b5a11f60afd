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

"""What every clone of this repository, and every call of git, keeps to."""

import ast
import os
import pathlib
import tempfile
from typing import Iterator

from tools.base import git
from tools.lint import registry
from tools.lint import tree
from tools.lint.rules import headers

_GIT = 'tools/base/git.py'
_CALL = 'import subprocess\n\nsubprocess.run({})\n'


def _attributes(project: tree.Project) -> dict[str, dict[str, str]]:
  """Returns the attributes of each file that decide about its lines."""
  asked = ('check-attr', '-z', '--stdin', 'text', 'eol')
  with tempfile.TemporaryDirectory() as scratch:
    what = 'reading .gitattributes'
    git.run(pathlib.Path(scratch), 'init', '-q', '--bare', what=what)
    done = git.run(
        project.root,
        *asked,
        what=what,
        stdin=os.fsencode('\0'.join(sorted(project.files))),
        extra={'GIT_DIR': scratch, 'GIT_WORK_TREE': str(project.root)},
    )
  words = os.fsdecode(done.stdout).split('\0')[:-1]
  found: dict[str, dict[str, str]] = {}
  for path, name, value in zip(
      words[::3], words[1::3], words[2::3], strict=True
  ):
    found.setdefault(path, {})[name] = value
  return found


@registry.project_rule(
    'line-endings',
    on=('*', '.*/**', 'docs/**', 'official/*', 'tfmot_contrib/**', 'tools/**'),
    skip=('official/*.py',),
    source=registry.CONTRIBUTING,
    bad=(
        {'.gitattributes': '*.py eol=lf\n', 'docs/a.md': 'One\n'},
        {'tools/nox': '#!/bin/sh\n'},
    ),
    good=(
        {
            '.gitattributes': '* text=auto eol=lf\n*.patch -text\n',
            'official/patches/1.patch': '-a\r\n',
            'tools/nox': '#!/bin/sh\n',
        },
    ),
)
def check_line_endings(
    project: tree.Project,
) -> Iterator[tuple[str, int, str]]:
  """Lines end in LF, or a file is its bytes, whatever git is set to.

  With `core.autocrlf` a clone would have scripts that no shell runs, patches
  that do not apply and evidence with another digest.
  """
  for path, attributes in _attributes(project).items():
    if attributes['text'] != 'unset' and attributes['eol'] != 'lf':
      yield path, 1, 'has neither -text nor eol=lf in .gitattributes'


@registry.file_rule(
    'one-git',
    on=('noxfile.py', 'tfmot_contrib/**/*.py', 'tools/**/*.py'),
    skip=(_GIT, '**/*_test.py'),
    source=registry.CONTRIBUTING,
    bad=registry.texts(
        ('tools/a.py', headers.example(_CALL.format("['git', 'status']"))),
        ('tools/b.py', headers.example(_CALL.format("('git', *words)"))),
    ),
    good=registry.texts(
        ('tools/a.py', headers.example("X = ['hg', 'git']\n")),
    ),
)
def check_one_git(file: tree.File) -> Iterator[tuple[int, str]]:
  """Only `tools/base/git.py` starts git.

  A call beside it is misled by the variables of a hook and by the settings of
  the user, and fails in a clone that belongs to somebody else.
  """
  for node in file.nodes:
    if isinstance(node, ast.List | ast.Tuple) and node.elts:
      first = node.elts[0]
      if isinstance(first, ast.Constant) and first.value == 'git':
        yield node.lineno, f'runs git: use {_GIT}'
