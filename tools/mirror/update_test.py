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

"""Tests the sync against a git repository with a real history.

60 commits, renames, a binary file, a patch that upstream takes over as it is
and one that it takes over in another layout, one that conflicts, one whose file
moves. The repository comes as a clone, a bundle and a subfolder.
"""

import pathlib
import random
import shutil
import tempfile

from absl.testing import absltest

from tools.base import git
from tools.mirror import fork
from tools.mirror import testing

_COMMITS = 60
_BINARY = bytes(range(256)) * 8


def _source(number: int) -> str:
  """Returns a Python file that no other resembles."""
  rng = random.Random(number)
  return ''.join(
      f'name_{number}_{line} = {rng.randrange(10**6)}\n' for line in range(30)
  )


_FILES = {f'official/m{number}.py': _source(number) for number in range(20)}


def _history(repository: pathlib.Path, first: int, last: int) -> None:
  """Makes commits, each of which changes the end of a mirrored file."""
  rng = random.Random(first)
  for number in range(first, last):
    path = repository / rng.choice(sorted(_FILES))
    if path.exists():  # Upstream may have renamed it.
      with path.open('a', encoding='utf-8') as out:
        out.write(f'commit = {number}\n')
    testing.commit(repository, f'Change {number} (#{number})')


class GitUpstreamTest(testing.ForkTestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.first = pathlib.Path(tempfile.mkdtemp())
    cls.addClassCleanup(shutil.rmtree, cls.first)
    git.configure(cls.first)
    testing.write(
        cls.first,
        {
            **_FILES,
            'official/__init__.py': '',
            'official/data.bin': _BINARY,
            'orbit/loop.py': _source(99),
            'research/other.py': 'x = 1\n',
        },
    )
    _history(cls.first, 0, _COMMITS // 2)

  def setUp(self):
    super().setUp()
    self.repository = self.scratch / 'models'
    shutil.copytree(self.first, self.repository)
    self.run_git('tag', 'v1')
    self.pin(f'git = "{self.repository}"\nref = "v1"')
    self.sync()

  def run_git(self, *arguments):
    return git.text(self.repository, *arguments, what='testing')

  def upstream_edit(self, name, old, new):
    self.edit(self.repository, name, old, new)

  def binary(self):
    return (fork.packages(self.root)['official'] / 'data.bin').read_bytes()

  def line(self, number, at):
    """Returns a line of a made-up file."""
    return _source(number).split('\n')[at]

  def change(self, subject, number, at, new):
    """Makes a patch of one line of `official/mNUMBER.py`."""
    self.patch(subject, f'official/m{number}.py', self.line(number, at), new)

  def step(self, flags=(), code=0):
    """Finishes upstream's second version and syncs to it."""
    _history(self.repository, _COMMITS // 2, _COMMITS)
    self.run_git('tag', 'v2')
    count = int(self.run_git('rev-list', '--count', 'v2'))
    self.assertEqual(count, _COMMITS + 1)  # And the one of the test.
    return self.sync('--to', 'v2', *flags, code=code)

  def test_update_of_every_kind(self):
    self.change('stays', 1, 3, 'stays = 1')
    self.change('moves down', 2, 20, 'moves = 2')
    self.change('taken over', 3, 5, 'taken = 3')
    self.change('taken over, otherwise', 4, 5, 'other = [4, 4]')
    self.change('renamed file', 5, 5, 'renamed = 5')
    self.change('moves again', 6, 25, 'again = 6')
    self.upstream_edit('official/m2.py', self.line(2, 0), 'a = 1\nb = 2')
    self.upstream_edit('official/m3.py', self.line(3, 5), 'taken = 3')
    self.upstream_edit(
        'official/m4.py', self.line(4, 5), 'other = [\n    4,\n    4,\n]'
    )
    self.run_git('mv', 'official/m5.py', 'official/renamed.py')
    testing.write(self.repository, {'official/data.bin': _BINARY[::-1]})
    testing.commit(self.repository, 'All at once, see #7 and other/thing#8')
    said = self.step()
    self.assertRegex(said, r'clean . 0001')
    self.assertRegex(said, r'rebased . 0002')
    self.assertRegex(said, r'absorbed . 0003')
    self.assertRegex(said, r'absorbed . 0004')
    self.assertRegex(said, r'rebased . 0003')
    self.assertRegex(said, r'clean . 0004')
    self.assertEqual(self.binary(), _BINARY[::-1])
    self.assertIn('renamed = 5', self.mirror()['official/renamed.py'])
    self.assertNotIn('official/m5.py', self.mirror())
    self.assertEqual(
        [p.name[:4] for p in sorted((self.official / 'patches').iterdir())],
        ['0001', '0002', '0003', '0004'],
    )
    self.sync('--check')
    lock = (self.official / 'upstream.lock').read_text()
    self.assertIn(self.run_git('rev-parse', 'v2'), lock)
    # And back: the patches that upstream took over are no longer there.
    self.sync('--to', 'v1')
    self.assertIn('stays = 1', self.mirror()['official/m1.py'])
    self.assertIn('renamed = 5', self.mirror()['official/m5.py'])
    self.assertIn(self.line(3, 5), self.mirror()['official/m3.py'])
    self.sync('--check')

  def conflict(self):
    self.change('first', 1, 3, 'first = 1')
    self.change('second', 2, 5, 'second = 2')
    self.change('third', 3, 5, 'third = 3')
    self.upstream_edit('official/m2.py', self.line(2, 5), 'upstream = 2')
    self.upstream_edit('official/m3.py', self.line(3, 5), 'upstream = 3')
    testing.commit(self.repository, 'Two conflicts')
    self.before = self.snapshot()
    said = self.step(code=1)
    self.assertEqual(self.snapshot(), self.before)
    self.workshop = self.root / fork.REPOSITORY
    return said

  def resolve(self, number, text):
    path = self.workshop / f'official/m{number}.py'
    found = path.read_text()
    self.assertIn('<<<<<<<', found)
    start, end = found.index('<<<<<<<'), found.index('>>>>>>>')
    end = found.index('\n', end) + 1
    path.write_text(f'{found[:start]}{text}\n{found[end:]}')

  def test_conflict_resolved_by_hand(self):
    said = self.conflict()
    self.assertIn('0002-second.patch (second) conflicts with', said)
    self.assertIn('official/m2.py', said)
    self.assertIn('--continue', said)
    self.assertIn('in conflict or not added', self.sync('--continue', code=2))
    git.run(self.workshop, 'add', '-A', what='adding')
    self.assertIn('leftover', self.sync('--continue', code=2))
    self.resolve(2, 'both = 2')
    self.assertIn('or not added', self.sync('--continue', code=2))
    git.run(self.workshop, 'add', '-A', what='adding')
    # The third patch conflicts too; there, upstream is right. A dry run takes
    # nothing away of what was resolved.
    said = self.sync('--continue', '--dry-run', code=1)
    self.assertIn('0003-third.patch', said)
    self.assertEqual(self.snapshot(), self.before)
    git.run(self.workshop, 'reset', '-q', '--hard', what='dropping')
    self.assertIn('dry run: official/ is', self.sync('--continue', '--dry-run'))
    self.assertEqual(self.snapshot(), self.before)
    said = self.sync('--continue')
    self.assertRegex(said, 'rebased . 0002-second.patch')
    self.assertRegex(said, 'absorbed . 0003-third.patch')
    self.assertIn('both = 2', self.mirror()['official/m2.py'])
    self.assertIn('upstream = 3', self.mirror()['official/m3.py'])
    self.assertFalse(self.workshop.exists())
    self.sync('--check')
    self.assertIn('nothing to do', self.sync('--to', 'v2'))

  def test_conflict_stops_other_commands(self):
    self.conflict()
    self.assertIn('waits for a conflict', self.sync(code=2))
    self.assertIn('--continue', self.sync('patches', 'export', code=2))
    self.assertIn('exists', self.sync('patches', 'import', code=2))
    # Bazel does not take what has marks of a conflict in it.
    mirror = fork.packages(self.root)['official']
    self.assertNotIn(fork.FOLDER, str(mirror))

  def test_repository_is_kept_when_an_update_conflicts(self):
    self.change('second', 2, 5, 'second = 2')
    self.sync('patches', 'import')
    testing.write(self.root / fork.REPOSITORY, {'.git/mine': 'x'})
    self.upstream_edit('official/m2.py', self.line(2, 5), 'upstream = 2')
    testing.commit(self.repository, 'One conflict')
    self.assertIn('kept in', self.step(code=1))
    (kept,) = (self.root / fork.FOLDER).glob('kept-*')
    self.assertTrue((kept / '.git/mine').exists())

  def test_conflict_given_up(self):
    self.conflict()
    self.assertIn('conflict', self.sync('--check'))
    (self.workshop / 'official/m2.py').write_text('half resolved')
    self.assertIn('kept in', self.sync('--abort'))
    self.assertEqual(self.snapshot(), self.before)
    self.assertFalse(self.workshop.exists())
    (kept,) = (self.root / fork.FOLDER).glob('kept-*')
    self.assertTrue((kept / 'official/m2.py').exists())
    self.assertIn('no conflict', self.sync('--continue', code=2))

  def test_conflict_of_a_dry_run_leaves_nothing(self):
    self.change('second', 2, 5, 'second = 2')
    self.upstream_edit('official/m2.py', self.line(2, 5), 'upstream = 2')
    testing.commit(self.repository, 'One conflict')
    self.assertIn('conflicts', self.step(['--dry-run'], code=1))
    self.assertIn('no sync', self.sync('--abort', code=2))

  def test_state_of_the_conflict_was_tampered_with(self):
    self.conflict()
    state = self.workshop / '.git/upstream.lock'
    whole = state.read_bytes()
    for bad in (
        b'',
        b'[]',
        whole[:100],
        whole.replace(b'[source]', b'[sauce]'),
    ):
      state.write_bytes(bad)
      self.assertIn('is broken', self.sync('--continue', code=2))
    state.write_bytes(whole)
    (self.official / 'patches/0001-first.patch').unlink()
    git.run(self.workshop, 'reset', '-q', '--hard', what='dropping')
    self.sync('--continue', code=1)
    git.run(self.workshop, 'reset', '-q', '--hard', what='dropping')
    self.assertIn('was changed since', self.sync('--continue', code=2))

  def test_same_files_from_clone_bundle_and_subfolder(self):
    before = self.snapshot()
    bundle = self.scratch / 'models.bundle'
    self.run_git('bundle', 'create', '-q', bundle, 'v1', 'main')
    nested = self.scratch / 'nested'
    shutil.copytree(
        self.repository, nested / 'deep/models', ignore=lambda *unused: ['.git']
    )
    git.configure(nested)
    testing.commit(nested, 'Nested')
    git.run(nested, 'tag', 'v1', what='tagging')
    for source in (f'git:{bundle}', f'git:{nested}#deep/models'):
      self.sync('--source', source, '--to', 'v1')
      after = self.snapshot()
      for name in before.keys() | after.keys():
        if name not in ('upstream.toml', 'upstream.lock'):
          self.assertEqual(before.get(name), after.get(name), name)

  def test_branch_that_moves(self):
    self.pin(f'git = "{self.repository}"\nref = "main"')
    self.sync('--same-version')
    self.assertIn('nothing to do', self.sync())
    _history(self.repository, 0, 3)
    self.sync('--same-version')
    self.assertNotIn(self.run_git('rev-parse', 'main'), self.lock())
    self.sync()
    self.assertIn(self.run_git('rev-parse', 'main'), self.lock())

  def lock(self):
    return (self.official / 'upstream.lock').read_text()

  def test_ref_that_is_none(self):
    for ref in ('v9', 'main:official', '0' * 40):
      self.sync('--to', ref, code=2)

  def test_submodule_and_attributes(self):
    testing.write(
        self.repository,
        {
            '.gitattributes': '* text eol=crlf ident\n*.bin filter=x\n',
            'official/id.py': '# $Id$\n',
        },
    )
    commit = testing.commit(self.repository, 'Attributes')
    self.sync('--to', commit)
    self.assertEqual(self.mirror()['official/id.py'], '# $Id$\n')
    self.assertEqual(self.binary(), _BINARY)
    self.run_git(
        'update-index', '--add', '--cacheinfo', f'160000,{commit},official/sub'
    )
    self.run_git('commit', '-qm', 'Submodule')
    self.assertIn('submodule', self.sync('--to', 'main', code=2))
    self.sync('--check')


if __name__ == '__main__':
  absltest.main()
