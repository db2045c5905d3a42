package program

import "strconv"

// Gates that a pack can declare below "release needs". A gate is here only if something checks it: what is not here cannot
// be declared.
const (
	TestsPass         = "tests pass"
	CoverageOf        = "coverage"
	AllLanguages      = "all languages"
	PeopleTested      = "people tested"
	NothingPastReview = "nothing past review"
	NotAnExample      = "not an example"
	ApprovalGiven     = "approval"
)

// Need is a gate that a pack declares.
type Need struct {
	Gate    string
	AtLeast int `json:",omitempty"` // of coverage: percent
}

// String is the line as a pack writes it.
func (n Need) String() string {
	if n.AtLeast > 0 {
		return n.Gate + " " + strconv.Itoa(n.AtLeast)
	}
	return n.Gate
}

// Gate is what there is to know of one.
type Gate struct {
	Name   string
	Number bool // a number of percent stands behind it
	// Means is one sentence.
	Means string
}

// Gates are all there are, in the order of the manual.
func Gates() []Gate {
	return []Gate{
		{TestsPass, false, "All tests of the pack pass, and there is at least one."},
		{CoverageOf, true, "The tests visit at least so many percent of the steps, of the choices and of the when branches."},
		{AllLanguages, false, "Every text is translated into every language, from its present wording."},
		{PeopleTested, false, "In rounds of testing somebody went through each sensitive step as it is now, and no remark is open that a message could hurt someone."},
		{NothingPastReview, false, "No step is past the day by which somebody must look at it again."},
		{NotAnExample, false, "The pack is not marked as an example."},
		{ApprovalGiven, false, "Another person than the one who activates it approved the release."},
	}
}
