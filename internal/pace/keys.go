package pace

// The limited things, by name.
const AccountKey = "account"

// SenderKey names the sender that texts come from: a number, or a name.
func SenderKey(sender string) string { return "sender:" + sender }

// CampaignKey names a campaign by its id.
func CampaignKey(id string) string { return "campaign:" + id }
