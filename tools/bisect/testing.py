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

"""A checkout of git for the tests of bisection."""

import pathlib

from absl.testing import parameterized

from tools.base import git


class CheckoutTestCase(parameterized.TestCase):
  """Has a git repository.

  Attributes:
    scratch: The folder that it is in.
    top: Its own.
  """

  def setUp(self) -> None:
    """Makes it, without commits."""
    super().setUp()
    self.scratch = pathlib.Path(self.create_tempdir().full_path)
    self.top = self.scratch / 'checkout'
    self.top.mkdir()
    self.git('init', '-q', '-b', 'master')

  def git(self, *arguments: str) -> str:
    """Runs git and returns what it prints."""
    who = ['-c', 'user.name=a', '-c', 'user.email=a@example.com']
    done = git.run(self.top, *who, *arguments, what='trying')
    return done.stdout.decode().strip()

  def commit(self, name: str, text: str) -> str:
    """Writes a file, commits it, and returns the commit."""
    path = self.top / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding='utf-8')
    self.git('add', '-A')
    self.git('commit', '-q', '-m', f'Set {name} to {text.strip()}')
    return self.git('rev-parse', 'HEAD')
