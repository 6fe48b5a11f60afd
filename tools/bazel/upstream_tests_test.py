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

"""Tests the runner of upstream's tests on small files that do what they do.

The runner is a process of its own, as under Bazel, and imports no TensorFlow.
"""

import os
import pathlib
import re
import subprocess
import sys
import time

from absl.testing import absltest
from absl.testing import parameterized

_HEAD = """
import os, signal, subprocess, sys, time, unittest
from absl.testing import absltest, parameterized
"""
_MAIN = """
if __name__ == '__main__':
  absltest.main()
"""

# Each file is what upstream's files may do.
_FILES = {
    'passes': (
        """
class ATest(parameterized.TestCase):
  def test_session(self):
    self.skipTest('only looks like a test')
  def test_a(self):
    with self.subTest('one'): pass
    with self.subTest('two'): pass
  @parameterized.parameters((object(),), (1.5,))
  def test_b(self, value): pass
  def test_c(self):
    self.skipTest('no accelerator')
"""
    ),
    'fails': (
        """
class ATest(parameterized.TestCase):
  def test_good(self): pass
  def test_bad(self):
    with self.subTest('one'): self.fail('no disk')
    with self.subTest('two'): pass
  @parameterized.parameters((object(),), (1.5,))
  def test_some(self, value):
    self.assertEqual(value, 1.5)
class BTest(absltest.TestCase):
  @classmethod
  def setUpClass(cls): raise ValueError('no class')
  def test_never(self): pass
"""
    ),
    'no_main': 'class ATest(absltest.TestCase):\n  def test_a(self): pass\n',
    'import': 'import nowhere_to_be_found\n',
    'dies': (
        """
class ATest(absltest.TestCase):
  def test_a(self): os.kill(os.getpid(), signal.SIGKILL)
"""
    ),
    'skips': (
        """
class ATest(absltest.TestCase):
  def test_a(self): self.skipTest('no accelerator')
"""
    ),
    'exits': (
        """
class ATest(absltest.TestCase):
  def test_a(self): os._exit(3)
"""
    ),
    'late': (
        """
class ATest(absltest.TestCase):
  def test_a(self): pass
if __name__ == '__main__':
  try:
    absltest.main()
  finally:
    sys.exit(3)
"""
    ),
    'environment': (
        """
class ATest(absltest.TestCase):
  def test_own_folder(self):
    self.assertEmpty(os.listdir(os.environ['TEST_TMPDIR']))
    self.assertStartsWith(
        self.create_tempfile().full_path, os.environ['TEST_TMPDIR'])
    self.assertIsNone(sys.stdin.readline() or None)
  def test_is_main(self):
    self.assertEqual(__name__, '__main__')
    self.assertIs(sys.modules['__main__'].ATest, ATest)
    self.assertEqual(sys.argv, [__file__])
    self.assertEqual(os.environ['TF_NUM_INTRAOP_THREADS'], '1')
  def test_imported_before(self):
    self.assertIn('wave', sys.modules)
  def test_not_sharded_a(self): pass
  def test_not_sharded_b(self): pass
"""
    ),
    'leaves': (
        """
class ATest(absltest.TestCase):
  def test_a(self):
    left = subprocess.Popen(['sleep', '1000'])
    with open(os.environ['LEFT'], 'w') as f: f.write(str(left.pid))
"""
    ),
    'hangs': (
        """
class ATest(absltest.TestCase):
  def test_a(self): time.sleep(1000)
"""
    ),
}

_KNOWN = """
- what: "*no disk*"
  where: "official/fails_test.py::ATest.test_bad"
  reason: There is none.
  by: "@us"
- what: "*!= 1.5*"
  where: "official/fails_test.py::ATest.test_some0"
  reason: It is another number.
  by: "@us"
- what: "*no class*"
  where: "official/fails_test.py::BTest.setUpClass"
  reason: It was lost.
  by: "@us"
- what: "*nowhere_to_be_found*"
  where: "official/import_test.py::import"
  reason: It is nowhere.
  by: "@us"
- what: "*SIGKILL*"
  where: "official/dies_test.py::crash"
  reason: It kills itself.
  by: "@us"
- what: "*runs no test*"
  where:
    - "official/no_main_test.py::no_test"
    - "official/skips_test.py::no_test"
  reason: No main, or no accelerator.
  by: "@us"
"""


class UpstreamTestsTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path)
    (self.root / 'official').mkdir()
    for name, text in _FILES.items():
      main = '' if name in ('late', 'no_main') else _MAIN
      self._path(name).write_text(_HEAD + text + main, encoding='utf-8')

  def _path(self, name: str) -> pathlib.Path:
    return self.root / f'official/{name}_test.py'

  def _run(
      self,
      names,
      *arguments,
      known='[]',
      prefix='',
      **environ,
  ):
    """Runs the runner; returns its exit code, table and lines of errors."""
    (self.root / 'known.yaml').write_text(known, encoding='utf-8')
    environ['PYTHONPATH'] = os.pathsep.join(filter(None, sys.path))
    environ['TEST_TMPDIR'] = self.create_tempdir().full_path
    environ['PATH'] = os.environ['PATH']
    done = subprocess.run(
        [
            sys.executable,
            '-m',
            'tools.bazel.upstream_tests',
            '--known_failures=known.yaml',
            *arguments,
            *(f'{prefix}official/{name}_test.py' for name in names),
        ],
        capture_output=True,
        check=False,
        cwd=self.root,
        encoding='utf-8',
        env=environ,
        input='typed',
        timeout=50,
    )
    self.output = done.stdout
    rows = re.findall(
        r'^official/(\w+)_test\.py((?: +[\w.]+){5})$', done.stdout, re.MULTILINE
    )
    table = {name: cells.split()[:4] for name, cells in rows}
    lines = [
        line.removeprefix('error: ').removeprefix('official/')
        for line in (done.stdout + done.stderr).splitlines()
        if line.startswith('error: ')
    ]
    return done.returncode, table, lines

  def test_good_files(self):
    code, table, lines = self._run(
        ['passes', 'environment'],
        '--import_first=wave',
        TEST_TOTAL_SHARDS='1',
        TEST_SHARD_INDEX='0',
        TESTBRIDGE_TEST_RUNNER_FAIL_FAST='1',
    )
    self.assertEqual((code, lines), (0, []))
    self.assertEqual(
        table,
        {'passes': ['3', '1', '0', '0'], 'environment': ['5', '0', '0', '0']},
    )

  @parameterized.parameters(
      ('no_main', 'runs no test (exit code 0)', 'no_test'),
      ('import', 'stops before its first test (exit code 70)', 'import'),
      ('dies', 'dies (died of SIGKILL)', 'crash'),
      ('skips', 'runs no test (exit code 0)', 'no_test'),
      ('exits', 'dies (exit code 3)', 'crash'),
      ('late', 'dies (exit code 3)', 'crash'),
      ('hangs', 'dies (stopped after 2 s)', 'crash'),
  )
  def test_file_fails(self, name, does, kind):
    code, _, lines = self._run([name], '--timeout_seconds=2')
    self.assertEqual(code, 1)
    self.assertEqual(
        lines,
        [f'{name}_test.py {does}: mend it, or list it in known.yaml as {kind}'],
    )

  def test_tests_fail(self):
    code, table, lines = self._run(['fails', 'passes'])
    self.assertEqual(code, 1)
    self.assertEqual(table['fails'], ['5', '0', '3', '0'])
    for line, message in zip(
        lines,
        [
            'ATest.test_bad fails: .*no disk',
            'ATest.test_some0 fails: .*!= 1.5',
            'BTest.setUpClass fails: .*no class',
        ],
        strict=True,
    ):
      self.assertRegex(line, f'^fails_test.py: {message}.*: mend it, or list')

  def test_all_listed(self):
    names = ['fails', 'import', 'dies', 'no_main', 'skips', 'passes']
    code, table, lines = self._run(names, known=_KNOWN)
    self.assertEqual((code, lines), (0, []))
    self.assertEqual(table['fails'], ['5', '0', '3', '3'])
    self.assertEqual(table['import'], ['0', '0', 'import', '1'])

  def test_listed_one_passes_or_is_gone(self):
    known = _KNOWN.replace('test_bad', 'test_good').replace('test_some0', 'x.y')
    known = known.replace('import_test.py::import', 'passes_test.py::import')
    code, _, lines = self._run(['fails', 'passes'], known=known)
    self.assertEqual(code, 1)
    self.assertLen(lines, 5)
    self.assertIn('test_good passes, so it is mended: delete its', lines[2])
    self.assertIn('x.y does not exist: delete its', lines[3])
    self.assertIn('runs, but is listed as import: delete its', lines[4])

  def test_what_a_file_leaves_running_is_ended(self):
    left = self.root / 'left'
    code, _, _ = self._run(['leaves'], LEFT=str(left))
    self.assertEqual(code, 0)
    pid = int(left.read_text(encoding='utf-8'))
    for _ in range(100):
      status = pathlib.Path(f'/proc/{pid}/stat')
      if not status.exists() or ') Z' in status.read_text(encoding='utf-8'):
        return
      time.sleep(0.05)
    self.fail('the process is still there')

  def test_a_hang_does_not_take_the_time_of_the_target(self):
    start = time.monotonic()
    code, table, lines = self._run(['hangs', 'passes'], TEST_TIMEOUT='12')
    self.assertEqual(code, 1)
    self.assertLess(time.monotonic() - start, 12)
    self.assertLen(lines, 1)
    self.assertIn('passes', table)

  def test_shards_split_the_files(self):
    names = ['passes', 'environment', 'skips']
    ran = []
    for index in range(4):
      status = self.root / f'status{index}'
      code, table, _ = self._run(
          names,
          '--import_first=wave',
          known=_KNOWN,
          TEST_TOTAL_SHARDS='4',
          TEST_SHARD_INDEX=str(index),
          TEST_SHARD_STATUS_FILE=str(status),
      )
      self.assertEqual(code, 0)
      self.assertTrue(status.exists())
      ran.append(list(table))
    self.assertEqual(ran, [['environment'], ['passes'], ['skips'], []])

  def test_a_hang_shows_where(self):
    self._run(['hangs'], '--timeout_seconds=1')
    self.assertRegex(self.output, r'\n  \|   File .*hangs_test.py".* in test_a')

  def test_finds_a_file_of_an_external_repository(self):
    (self.root / 'mirror').mkdir()
    (self.root / 'official').rename(self.root / 'mirror/official')
    self.root /= 'main'
    self.root.mkdir()
    code, table, _ = self._run(['passes'], prefix='external/mirror/')
    self.assertEqual((code, list(table)), (0, ['passes']))

  def test_filter(self):
    code, table, _ = self._run(['passes', 'fails'], TESTBRIDGE_TEST_ONLY='pass')
    self.assertEqual((code, list(table)), (0, ['passes']))
    code, _, lines = self._run(['passes'], '--only=x')
    self.assertEqual((code, lines), (2, ['no file has x in its name']))

  def test_list_only(self):
    names = ['fails', 'import', 'dies', 'no_main', 'skips']
    code, table, lines = self._run(names, '--list_only', known=_KNOWN)
    self.assertEqual((code, table, lines), (0, {}, []))
    code, _, lines = self._run(names[1:], '--list_only', known=_KNOWN)
    self.assertEqual(code, 1)
    self.assertLen(lines, 1)
    self.assertStartsWith(lines[0], 'fails_test.py is in no target')

  def test_refuses_a_file_that_is_not_there(self):
    code, _, lines = self._run(['nothing'])
    self.assertEqual(code, 2)
    self.assertEqual(lines, ['nothing_test.py is not in the runfiles'])


if __name__ == '__main__':
  absltest.main()
