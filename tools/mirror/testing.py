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

"""A small fork with a small upstream, for the tests of the sync.

Everything in it is real: git, files, locks, processes. Only upstream's files
are few and made up.
"""

import contextlib
import io
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from typing import Mapping

from absl.testing import absltest
from absl.testing import parameterized

from tools.base import git
from tools.mirror import command
from tools.mirror import fork
from tools.mirror import patches
from tools.mirror import tree

_PIN = """\
# Why this upstream.
repository = "tensorflow/models"

[source]
{source}

[files]
include = ["official/**", "orbit/**"]
exclude = []
"""
_CHANGELOG = '# Changelog\n\n## 1.0 (unreleased)\n\n* First.\n'
EDIT = b"""\
diff --git a/official/a.py b/official/a.py
--- a/official/a.py
+++ b/official/a.py
@@ -5,3 +5,3 @@ line 3
 line 4
-line 5
+line five
 line 6
"""
HEAD = b"""\
From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001
From: "A. Uthor" <a.uthor@x.example>
Date: Sat, 1 Jan 2000 00:00:00 +0000
Subject: x

Why it is

  needed.

Reason: temporary
Upstream: tensorflow/models#12

"""
LINES = ''.join(f'line_{number} = {number}\n' for number in range(20))
FILES = {
    'official/__init__.py': '',
    'official/core.py': LINES,
    'official/vision/model.py': LINES.replace('line', 'layer'),
    'orbit/loop.py': LINES.replace('line', 'step'),
    'research/not_mirrored.py': 'x = 1\n',
}


def write(folder: pathlib.Path, files: Mapping[str, str | bytes]) -> None:
  """Writes files below a folder."""
  for name, content in files.items():
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    content = content.encode() if isinstance(content, str) else content
    path.write_bytes(content)


def commit(repository: pathlib.Path, subject: str) -> str:
  """Commits everything in a repository and returns the commit."""
  git.run(repository, 'add', '-A', what='adding')
  git.run(
      repository, 'commit', '-q', '--allow-empty', '-m', subject, what='commit'
  )
  return git.text(repository, 'rev-parse', 'HEAD', what='committing')


def new_file(name: str, content: str = 'x', mode: str = '100644') -> bytes:
  """Returns a diff that makes a file of one line without an end."""
  return (
      f'diff --git a/{name} b/{name}\nnew file mode {mode}\n--- /dev/null\n'
      f'+++ b/{name}\n@@ -0,0 +1 @@\n+{content}\n\\ No newline at end of file\n'
  ).encode()


def patch_of(diff: bytes, number: int = 1) -> patches.Patch:
  """Returns a patch with a diff, and a subject of `number` letters x."""
  subject = 'x' * number
  head = HEAD.replace(b': x', f': {subject}'.encode())
  return patches.parse(f'{number:04d}-{subject}.patch', head + diff)


class ForkTestCase(parameterized.TestCase):
  """A test with a fork of a folder, both of its own.

  Attributes:
    scratch: A folder for whatever else.
    root: The clone of the fork.
    official: Its `official/`.
    upstream: The folder that it mirrors.
  """

  def setUp(self):
    """Makes the fork, which is not synced yet."""
    super().setUp()
    self.scratch = pathlib.Path(self.create_tempdir().full_path)
    self.root = self.scratch / 'fork'
    self.official = self.root / 'official'
    self.upstream = self.scratch / 'upstream'
    write(self.upstream, FILES)
    self.pin(f'folder = "{self.upstream}"')
    write(
        self.root, {'official/BUILD': '# Ours.\n', 'CHANGELOG.md': _CHANGELOG}
    )
    self.enter_context(
        absltest.mock.patch.dict(
            os.environ, {'TFMOT_MODELS_CACHE': str(self.scratch / 'cache')}
        )
    )

  def pin(self, source: str) -> None:
    """Writes upstream.toml with the lines of another [source]."""
    write(self.official, {'upstream.toml': _PIN.format(source=source)})

  def sync(self, *flags: str, code: int = 0) -> str:
    """Runs the command and returns what it says.

    Args:
      *flags: Of the command.
      code: The exit code that it has to have.

    Returns:
      Standard output and standard error.
    """
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
      with self.assertRaises(SystemExit) as caught:
        command.main(['--root', str(self.root), *flags])
    self.assertEqual(caught.exception.code, code, out.getvalue())
    if code == 2:
      self.assertEqual(out.getvalue().count('error: '), 1, out.getvalue())
      self.assertEndsWith(out.getvalue(), '\n')
    return out.getvalue()

  def edit(self, folder: pathlib.Path, name: str, old: str, new: str) -> None:
    """Replaces a text in a file; it has to be there."""
    text = (folder / name).read_text(encoding='utf-8')
    self.assertIn(old, text)
    (folder / name).write_text(text.replace(old, new), encoding='utf-8')

  def patch(self, subject: str, name: str, old: str, new: str) -> None:
    """Makes a patch by editing a file of the mirror."""
    repository = self.root / fork.FOLDER / 'series'
    if not repository.exists():
      self.sync('patches', 'import')
    self.edit(repository, name, old, new)
    self.sync('patches', 'new', subject, '--author', 'A. Uthor <a@b.example>')
    shutil.rmtree(repository)

  def mirror(self) -> dict[str, str]:
    """Returns the text of every file of the mirror that Bazel takes."""
    folder = fork.packages(self.root)['official'].parent
    return {
        name: entry.data.decode(errors='replace')
        for name, entry in tree.read(folder, ['.git']).items()
    }

  def snapshot(self) -> dict[str, bytes]:
    """Returns every file of `official/`."""
    return {
        str(path.relative_to(self.official)): path.read_bytes()
        for path in sorted(self.official.rglob('*'))
        if path.is_file()
    }

  def start(self, *flags: str) -> subprocess.Popen:
    """Starts the command as a process of its own."""
    return subprocess.Popen(
        [
            sys.executable,
            '-m',
            'tools.mirror.command',
            '--root',
            str(self.root),
            *flags,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)},
    )


class SeriesTestCase(parameterized.TestCase):
  """A test with repositories of a series.

  Attributes:
    scratch: A folder for them.
  """

  def setUp(self):
    """Makes the folder."""
    super().setUp()
    scratch = tempfile.TemporaryDirectory()
    self.addCleanup(scratch.cleanup)
    self.scratch = pathlib.Path(scratch.name).resolve()

  def folder(self) -> pathlib.Path:
    """Returns a new folder."""
    return pathlib.Path(tempfile.mkdtemp(dir=self.scratch))

  def create(self, files, series=(), **more):
    """Returns the repository of a series."""
    folder = self.folder()
    patches.create(folder, {'old': files, **more}, series)
    return folder

  def commit(self, folder, text, author='A. Uthor <x@y.example>'):
    """Commits all files of a repository, with a message as it is."""
    command = ['commit', '-q', '--allow-empty', '--cleanup=verbatim']
    command += ['--allow-empty-message', '--author', author, '-F', '-']
    git.run(folder, 'add', '-A', what='adding')
    git.run(folder, *command, what='committing', stdin=text.encode())

  def make(self, states, messages=()):
    """Returns the patches that lead from one tree to the next ones."""
    branches = {f's{at}': files for at, files in enumerate(states)}
    folder = self.create(states[0], **branches)
    for at in range(1, len(states)):
      message = ('A. Uthor', 'x', '', 'temporary', patches.NOT_REPORTED)
      author, subject, body, reason, upstream = (
          messages[at - 1] if messages else message
      )
      git.run(folder, 'read-tree', '-u', '--reset', f's{at}', what='x')
      self.commit(
          folder,
          f'{subject} {at}\n\n{body}\n\nReason: {reason}\nUpstream:'
          f' {upstream}\n',
          f'{author} <x@y.example>',
      )
    return patches.read(folder, 'old')
