"""The report of a study and its verdict, computed from published batches of decks."""

from recsys.report.evaluate import build_report as build_report
from recsys.report.gate import Verdict as Verdict
from recsys.report.gate import decide as decide
from recsys.report.report_data import Report as Report
from recsys.report.snapshot import StudySnapshot as StudySnapshot
from recsys.report.study_result import StudyResult as StudyResult
from recsys.report.study_result import evaluate_study as evaluate_study
