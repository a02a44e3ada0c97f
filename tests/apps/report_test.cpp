#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "world.hpp"

namespace mer::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Report : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(world_.trouble(), "");
    ASSERT_EQ(world_.mer({"eval", "runs/base", "-q"}).exit_code, 0);
  }

  const World& world_ = World::get();
};

TEST_F(Report, OfARunIsOnePageThatNeedsNothingElse) {
  const Outcome outcome = world_.mer({"report", "runs/base"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "written   runs/base/report.html\n");
  const std::string page = read(world_ / "runs/base/report.html");
  EXPECT_THAT(page, AllOf(HasSubstr("<h1>base</h1>"), HasSubstr("Scores on the test songs"),
                          HasSubstr("Confusion"), HasSubstr("Learning curves"),
                          HasSubstr("improved_cnn"), HasSubstr("train -c tiny.yaml")));
  // Loss, validation, reliability, coverage.
  EXPECT_GE(page.find("<svg", page.find("<svg") + 1), page.find("<svg"));
  for (const char* outside :
       {"src=", "http://www.w3.org/1999/xhtml", "<script", "@import", "url("}) {
    EXPECT_THAT(page, Not(HasSubstr(outside))) << outside;
  }
}

TEST_F(Report, GoesWhereItIsWantedAndLinksFromThere) {
  ASSERT_EQ(world_
                .mer({"train", "-c", "tiny.yaml", "--set", "data.split.folds=2", "--set",
                      "train.iterations=4", "--name", "reported"})
                .exit_code,
            0);
  const Outcome outcome = world_.mer({"report", "runs/reported", "-o", "page.html"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(read(world_ / "page.html"),
              AllOf(HasSubstr("<h2>Folds</h2>"), HasSubstr("href=\"runs/reported/fold-2\""),
                    HasSubstr("2 folds")));
  ASSERT_EQ(world_.mer({"report", "runs/reported/fold-2"}).exit_code, 0);
  ASSERT_EQ(world_.mer({"report", "runs/reported"}).exit_code, 0);
  EXPECT_THAT(read(world_ / "runs/reported/report.html"), HasSubstr("href=\"fold-2/report.html\""));
}

TEST_F(Report, LeavesPicturesAndTablesForAPaper) {
  const Outcome outcome =
      world_.mer({"report", "runs/base", "-o", "page.html", "--figures", "paper"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  // Confusion, reliability, coverage, embeddings, loss, validation, each thrice; five tables.
  EXPECT_THAT(outcome.err, HasSubstr("written   paper: 23 pictures and tables\n"));
  for (const char* name : {"test_confusion.pdf", "test_embeddings.svg", "learning_loss.png",
                           "test_scores.tex", "test_sides.tex"}) {
    EXPECT_GT(fs::file_size(world_ / "paper" / name), 100U) << name;
  }
}

TEST_F(Report, WithoutGnuplotLeavesThePicturesOutAndSaysSo) {
  Place place = world_.place();
  place.environment["PATH"] = "/nowhere";
  const Outcome outcome = run_mer({"report", "runs/base", "-o", "bare.html"}, place);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("WARNING: pictures are left out: gnuplot"),
                                 HasSubstr("apt-get install gnuplot-nox")));
  EXPECT_THAT(
      read(world_ / "bare.html"),
      AllOf(Not(HasSubstr("<svg")), HasSubstr("A picture is left out"), HasSubstr("Confusion")));
  const Outcome figures =
      run_mer({"report", "runs/base", "-o", "bare.html", "--figures", "none"}, place);
  EXPECT_EQ(figures.exit_code, 1);
  EXPECT_THAT(figures.err, HasSubstr("hint: apt-get install gnuplot-nox"));
}

}  // namespace
}  // namespace mer::test
