#include "mer/report/feature_plot.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "small_song.hpp"

namespace mer {
namespace {

using test::SmallSong;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// A song of 40 frames with a waveform as long as they are.
class Picture : public testing::Test {
 protected:
  Picture() {
    song_.column("f0_semitones").setConstant(24.0F);
    song_.column("voicing").setConstant(0.9F);
    song_.column("formant_1_hz").setConstant(300.0F);
    for (std::size_t i = 0; i < 10; ++i) song_.kept()[i] = 0;
    waveform_.push(std::vector<float>(40 * 256 + 256, 0.25F));
  }
  SmallSong song_{40};
  WaveformEnvelope waveform_;
};

TEST_F(Picture, AsSvgHasEveryPanelWithItsUnit) {
  const std::string svg = draw_features(song_.view(), waveform_, "a & b", PictureFormat::kSvg);
  EXPECT_THAT(svg, StartsWith("<?xml"));
  EXPECT_THAT(svg, HasSubstr("</svg>"));
  for (const char* text : {"a &amp; b", "waveform", "mel spectrogram (Hz)", "formants (Hz)",
                           "contrast (band, Hz)", "chroma", "voicing", "(dBFS)", "pitch (F0)",
                           "time in the source file (s)", "by VAD (25 %)"}) {
    EXPECT_THAT(svg, HasSubstr(text));
  }
}

TEST_F(Picture, AsPngIsAPngFile) {
  const std::string png = draw_features(song_.view(), waveform_, "a", PictureFormat::kPng);
  EXPECT_THAT(png, StartsWith("\x89PNG\r\n\x1A\n"));
}

TEST_F(Picture, IsTheSameEachTime) {
  EXPECT_EQ(draw_features(song_.view(), waveform_, "a", PictureFormat::kSvg),
            draw_features(song_.view(), waveform_, "a", PictureFormat::kSvg));
}

TEST_F(Picture, AsAPageIsOneElementThatLoadsNothing) {
  const std::string page = features_page_head("<one>") +
                           features_page_song(song_.view(), waveform_, "song <&>") +
                           features_page_tail();
  EXPECT_THAT(page, StartsWith("<!DOCTYPE html>"));
  EXPECT_THAT(page, HasSubstr("<h2>song &lt;&amp;&gt;</h2>"));
  EXPECT_THAT(page, HasSubstr("40 frames of 512 samples every 256 (256 ms), 30 kept by VAD"));
  EXPECT_THAT(page, HasSubstr("Davis &amp; Mermelstein (1980)"));
  EXPECT_THAT(page, HasSubstr("&quot;fingerprint&quot;: &quot;0123&quot;"));
  EXPECT_THAT(page, Not(HasSubstr("<?xml")));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("src=")));
  EXPECT_THAT(page, Not(HasSubstr("href='http")));
}

TEST(PictureOfOneFrame, CanBeDrawn) {
  SmallSong song(1);
  song.spectrogram().setConstant(-100.0F);
  WaveformEnvelope waveform;
  waveform.push(std::vector<float>(512, 0.0F));
  EXPECT_THAT(draw_features(song.view(), waveform, "", PictureFormat::kSvg), HasSubstr("</svg>"));
}

}  // namespace
}  // namespace mer
