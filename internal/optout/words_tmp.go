package optout

type Keyword string

const (
	None  Keyword = ""
	Stop  Keyword = "stop"
	Start Keyword = "start"
	Yes   Keyword = "yes"
	Help  Keyword = "help"
)

type Language string

const English Language = "en"

func Read(text string) (Keyword, Language) { return None, "" }
func (l Language) Confirmation() string    { return "" }
func (l Language) Welcome() string         { return "" }
func (l Language) HelpText() string        { return "" }
