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

"""The commands of this project: tools/nox -l lists them, and so does nox -l.

Sessions are thin: what they do is in `tools/`, where it is tested. They share
one environment with Bazel and make none of their own.
"""

from concurrent import futures
import os
import pathlib
import sys
from typing import Mapping

import nox

# The oldest that was tried. Any later one hands over to the nox of our lock.
nox.needs_version = '>=2020.12.31'

# Another nox may run on another Python than the environment is made with, and
# lacks our uv and pip. An exec keeps the process ID, a child has its own.
if os.environ.get('TFMOT_MODELS_NOX') != str(os.getpid()):
  os.environ.setdefault('BUILD_WORKING_DIRECTORY', os.environ.get('PWD', ''))
  _OURS = str(pathlib.Path(__file__).resolve().parent / 'tools/nox')
  os.execvp('sh', ['sh', _OURS, *sys.argv[1:]])

from tfmot_contrib import errors  # noqa: E402
from tfmot_contrib import surroundings  # noqa: E402
from tools.env import bazel_command  # noqa: E402
from tools.env import bootstrap  # noqa: E402
from tools.env import environment  # noqa: E402

nox.options.default_venv_backend = 'none'
nox.options.sessions = ['lint', 'tests']

# What needs Bazel, the network or a browser, and so is no Bazel test.
CHECKS = (
    'tools.lint.planted_check',
    'tools.bazel.cache_check',
    'tools.mirror.real_test',
    'tools.env.real_check',
    'tools.evidence.browser_check',
    'tools.elsewhere.check',
)
TESTS = (
    '//official/...',
    '//tools/...',
    '//tfmot_contrib/...',
    '--test_tag_filters=-cpu,-slow',
    '--build_tests_only',
)
MAIN_TEST = '//tfmot_contrib/pruning:mobilenet_v3_cifar10_sparsity50'


def bazel(session: nox.Session, *arguments: str) -> None:
  """Runs Bazel, or says in one line how to get it."""
  try:
    words = bazel_command.words(bootstrap.bazel(), *arguments)
  except errors.InputError as error:
    session.error(errors.one_line(error))
  session.run(*words, env=surroundings.with_user(), external=True)


def run(session: nox.Session, program: str, *arguments: str) -> None:
  """Runs a module of this project by an interpreter."""
  byte_code = bootstrap.cache_dir() / 'byte_code'  # Beside nobody's sources.
  env = dict.fromkeys(k for k in os.environ if k.startswith('PYTHON'))
  env['PYTHONPATH'] = str(bootstrap.ROOT)
  env['PYTHONPYCACHEPREFIX'] = str(byte_code)
  session.run(program, '-m', *arguments, env=env, external=True)


def python(
    session: nox.Session,
    *arguments: str,
    environ: Mapping[str, str] = os.environ,
) -> None:
  """Runs a module in the environment of Bazel, which `environ` chooses."""
  try:
    made = environment.make(environment.settings(environ))
  except errors.InputError as error:
    session.error(errors.one_line(error))
  run(session, str(made.python), *arguments)


@nox.session
def lint(session: nox.Session) -> None:
  """Checks style, code and documents [-- --fix, --explain ID, PATHS]."""
  python(session, 'tools.lint.lint', *session.posargs)


@nox.session
def lint_check(session: nox.Session) -> None:
  """Plants mistakes in a copy of the tree: the lint finds each of them."""
  python(session, 'tools.lint.planted_check', *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
  """Runs lint, unit, upstream and smoke tests and a real convergence test."""
  lint(session)
  bazel(session, 'test', *TESTS)
  with futures.ThreadPoolExecutor() as pool:
    training = pool.submit(converge, session)  # It leaves a core idle.
    for module in CHECKS:
      python(session, module)
    training.result()
  python(session, 'tools.release.pin', '--check')


@nox.session
def converge(session: nox.Session) -> None:
  """Tests techniques with as many seeds as it takes [-- TARGETS]."""
  targets = session.posargs or [MAIN_TEST]
  python(session, 'tools.suite.converge', *targets)


@nox.session
def bench(session: nox.Session) -> None:
  """Compares our training throughput with the stock path [-- --seconds=20]."""
  bazel(session, 'run', '//tools/bench:training', '--', *session.posargs)


@nox.session
def bench_sync(session: nox.Session) -> None:
  """Compares the sync with git subtree and the plain way [-- --rounds=7]."""
  python(session, 'tools.bench.syncing', *session.posargs)


@nox.session
def evidence(session: nox.Session) -> None:
  """Makes tables and plots from run records; --collect trains [-- --check]."""
  python(session, 'tools.evidence.documents', *session.posargs)


@nox.session
def reference(session: nox.Session) -> None:
  """Makes or refreshes references [-- TEST --why REASON]."""
  python(session, 'tools.suite.make', *session.posargs)


@nox.session
def fault_injection(session: nox.Session) -> None:
  """Injects faults and sees whether the tests see them [-- --fault ID]."""
  python(session, 'tools.faults.inject', *session.posargs)


@nox.session
def bisect(session: nox.Session) -> None:
  """Finds what broke a test [-- --target //… --good … --bad …]."""
  python(session, 'tools.bisect.command', *session.posargs)


@nox.session
def bisect_check(session: nox.Session) -> None:
  """Plants faults in a checkout of TFMOT, and finds them [-- --help]."""
  python(session, 'tools.bisect.real_check', *session.posargs)


@nox.session
def report(session: nox.Session) -> None:
  """Makes one HTML page of all evidence: report/index.html [-- --output]."""
  python(session, 'tools.evidence.page', *session.posargs)


@nox.session
def simulate(session: nox.Session) -> None:
  """Simulates how often the sequential test errs: docs/statistics.md."""
  python(session, 'tools.suite.simulate', *session.posargs)


@nox.session
def sync_upstream(session: nox.Session) -> None:
  """Moves to another Official Models; edits patches [-- --help]."""
  python(session, 'tools.mirror.command', *session.posargs)


@nox.session
def nightly(session: nox.Session) -> None:
  """Tests the newest nightlies and takes a note [-- TARGETS --dry-run]."""
  # It makes the locks that TFMOT and its channel may need.
  python(session, 'tools.release.nightly', *session.posargs, environ={})


@nox.session
def release_gate(session: nox.Session) -> None:
  """Judges a release of TFMOT by all claims [-- --tfmot X.Y.Z]."""
  python(session, 'tools.release.gate', *session.posargs)


@nox.session
def lock(session: nox.Session) -> None:
  """Resolves requirements into locks [-- --channel nightly]."""
  # Not in that environment: it may be what has no lock.
  run(session, sys.executable, 'tools.env.lock', *session.posargs)


@nox.session
def pin_tfmot(session: nox.Session) -> None:
  """Moves or checks the oldest TFMOT that counts [-- X.Y.Z --help]."""
  python(session, 'tools.release.pin', *session.posargs)


@nox.session
def new_technique(session: nox.Session) -> None:
  """Writes the folder of a new technique [-- NAME --title …]."""
  python(session, 'tools.contributing.new_technique', *session.posargs)


@nox.session
def technique_status(session: nox.Session) -> None:
  """Says where a technique stands and what comes next [-- NAME]."""
  python(session, 'tools.contributing.technique_status', *session.posargs)


@nox.session
def reproduce(session: nox.Session) -> None:
  """Runs a technique anew and compares with its claims [-- NAME --party …]."""
  python(session, 'tools.evidence.reproduce', *session.posargs)


@nox.session
def elsewhere_check(session: nox.Session) -> None:
  """Runs what new users run, in their surroundings [-- --list --only NAME]."""
  python(session, 'tools.elsewhere.check', *session.posargs)


@nox.session
def check_pr(session: nox.Session) -> None:
  """Checks the approvals of a pull request's text [-- FILE]."""
  python(session, 'tools.contributing.check_pr', *session.posargs)


@nox.session
def codeowners(session: nox.Session) -> None:
  """Makes .github/CODEOWNERS from the technique.yaml files [-- --check]."""
  python(session, 'tools.contributing.codeowners', *session.posargs)
