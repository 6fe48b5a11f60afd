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

"""Compares an old mirror with a new one, in every way there is.

The sync calls this after the patches are on the new tree and before it takes
the place of the old one. Each comparison is a module of its own; this one calls
them in their order, says on standard error how far it is, and returns the
report.
"""

import contextlib
import gc
import pathlib
import sys
import time
from typing import Callable, Iterator, Sequence

from tools.sync.impact import api
from tools.sync.impact import build_files
from tools.sync.impact import dependencies
from tools.sync.impact import files
from tools.sync.impact import licences
from tools.sync.impact import probe as probe_lib
from tools.sync.impact import report as report_lib
from tools.sync.impact import stale


def say(text: str) -> None:
  """Tells on standard error how far the comparison is."""
  print(f'sync: {text}', file=sys.stderr, flush=True)


@contextlib.contextmanager
def _without_collector() -> Iterator[None]:
  """Rests the garbage collector, which would look at each node of each tree.

  The static comparisons make millions of objects and drop few: without it they
  take half the time.
  """
  enabled = gc.isenabled()
  gc.disable()
  try:
    yield
  finally:
    if enabled:
      gc.enable()


def _requirements(
    mirror: pathlib.Path | None, metadata: str | None
) -> dict[str, str] | None:
  """Returns what a mirror requires, where it tells."""
  if metadata is not None:
    return dependencies.of_metadata(metadata)
  return dependencies.of_tree(mirror) if mirror else None


def examine(
    old: pathlib.Path | None,
    new: pathlib.Path,
    root: pathlib.Path,
    *,
    identities: tuple[report_lib.Identity | None, report_lib.Identity],
    repository: str = 'tensorflow/models',
    patches: Sequence[tuple[str, str, str, str]] = (),
    log: Sequence[tuple[str, str, str, str]] | None = None,
    metadata: tuple[str | None, str | None] = (None, None),
    probe: bool = True,
    python: str = sys.executable,
    progress: Callable[[str], None] = say,
) -> report_lib.Report:
  """Compares two mirrors and tells what the difference means.

  Args:
    old: The folder of the old mirror, with `official/` and `orbit/`; None when
      there is none.
    new: The folder of the new one.
    root: The root of the repository.
    identities: Which upstreams these are.
    repository: `owner/name` of upstream on GitHub.
    patches: Name, subject, verdict and note of each patch.
    log: Commit, author, date and subject of upstream's commits in between;
      None when there is no history.
    metadata: The METADATA of the old and of the new wheel, where there is one.
    probe: Whether to make the numeric probe. It is left out all the same when
      no file that a run imports has changed in substance.
    python: The interpreter for the probe, with TensorFlow.
    progress: What to tell how far it is.

  Returns:
    The report.

  Raises:
    errors.InputError: A BUILD file or a Python file of ours cannot be parsed.
  """
  started = time.monotonic()
  old_identity, new_identity = identities
  wanted = [
      _requirements(*pair) for pair in zip((old, new), metadata, strict=True)
  ]
  known = {
      'old': old_identity,
      'new': new_identity,
      'repository': repository,
      'patches': tuple(report_lib.Verdict(*row) for row in patches),
      'log': (
          None
          if log is None
          else tuple(
              report_lib.Commit(
                  *row[:3], report_lib.qualify(row[3], repository)
              )
              for row in log
          )
      ),
  }
  locks = dependencies.locked()
  if old is None:
    needs = dependencies.compare(None, wanted[1], locks)
    why = 'there is no old mirror'
    return report_lib.Report(**known, dependencies=needs, why_no_probe=why)
  with _without_collector():
    progress('comparing the files')
    changes = files.compare(old, new)
    rules = build_files.read(root)
    progress('looking for what our code uses')
    impact = api.impact(old, new, root, changes, rules)
    progress('looking for stale evidence')
    closures = stale.Closures(old, new, root, changes, rules)
    tests = closures.stale()
    progress('comparing requirements and licences')
    needs = dependencies.compare(*wanted, locks, closures.packages())
    terms = licences.compare(old, new, changes, metadata)
  progress(f'compared in {time.monotonic() - started:.1f} s')
  names = probe_lib.experiments(closures.runs)
  results, why = None, ''
  if not probe:
    why = 'not asked for'
  elif not names:
    why = 'there is no float experiment'
  elif not tests:
    why = 'no file that a run imports has changed in substance'
  else:
    results = tuple(probe_lib.run(old, new, root, names, progress, python))
  return report_lib.Report(
      **known,
      files=changes,
      api=tuple(impact),
      stale=tuple(tests),
      runs=len({run.target for run in closures.runs}),
      probe=results,
      why_no_probe=why,
      dependencies=needs,
      licences=terms,
  )
