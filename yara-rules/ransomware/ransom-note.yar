// The wording of notes that attackers leave beside what they encrypted. A note is short and says several things at
// once: what happened, that it is wanted back for money, and how to get in touch. Text about ransomware rarely
// addresses its reader like that, and is longer. Plain words are written as expressions ([s] for s), so that this
// file is not found by itself.

private rule Short_Text
{
    condition:
        filesize > 60 and filesize < 64KB and
        // Text: no NUL in the first bytes, unless it is UTF-16.
        (uint16(0) == 0xFEFF or (uint8(0) != 0 and uint8(1) != 0 and uint8(2) != 0 and uint8(3) != 0))
}

rule Ransom_Note_Encrypted_Files : ransom_note
{
    meta:
        author = "BackupLens"
        description = "A note to a victim: the files are encrypted, decryption is offered, with a way of contact"
        severity = "high"
        reference = "https://attack.mitre.org/techniques/T1486/"
    strings:
        $done1 = /(all )?(of )?your (important |personal |business |corporate |company )?(files|documents|data|databases|servers|network|backups?)( (and|,) [a-z]{4,12}){0,3} (have been|has been|are|were|was) (\w+ )?(encrypted|locked|crypted)/ ascii wide nocase
        $done2 = /(we|we've|we have) (have )?(encrypted|locked|crypted) (all )?(of )?your / ascii wide nocase
        $done3 = /what happened to my file[s]/ ascii wide nocase
        $done4 = /your network has been penetrate[d]/ ascii wide nocase
        $offer1 = /(to|can|want to|how to|must|only way to) (\w+ )?(decrypt|restore|recover|unlock|get back) (\w+ )?(your|all|the) / ascii wide nocase
        $offer2 = /(decryption|decrypt|private|unique) (tool|key|software|program|utility)/ ascii wide nocase
        $offer3 = /decrypt (1|one|2|two|3|three|several|some) (test )?files? (for free|as (a )?(proof|guarantee))/ ascii wide nocase
        $offer4 = /free decryption as guarante[e]/ ascii wide nocase
        $money1 = /\b(pay|payment|buy|purchase|price)\b/ ascii wide nocase
        $money2 = /\b(bitcoins?|btc|monero|xmr|cryptocurrency)\b/ ascii wide nocase
        $reach1 = /[a-z2-7]{16,56}\.onion/ ascii wide nocase
        $reach2 = /tor browse[r]/ ascii wide nocase
        $reach3 = /(contact|write to|email|e-mail|mail) (us|our)/ ascii wide nocase
        $reach4 = /@(protonmail|proton|tutanota|tuta|onionmail|cock|mail2tor|airmail|keemail|aol|firemail|msgsafe|thesecure)\./ ascii wide nocase
        $reach5 = /(personal|your|unique|victim|decryption|client) (id|key)\s{0,3}[:=]/ ascii wide nocase
        $threat1 = /do (not|n't) (try to )?(rename|modify|delete|move|decrypt|recover|use third)/ ascii wide nocase
        $threat2 = /(will be|be) (published|leaked|sold|destroyed|lost forever|permanently (lost|deleted))/ ascii wide nocase
        $threat3 = /(price|cost|ransom) (will|is going to) (be )?(doubled?|increased?|raised?|go up)/ ascii wide nocase
    condition:
        filesize < 64KB and Short_Text and
        1 of ($done*) and 1 of ($offer*) and 1 of ($reach*) and
        (1 of ($threat*) or (1 of ($money*) and 2 of ($reach*)) or all of ($money*))
}

rule Ransom_Note_Data_Theft : ransom_note
{
    meta:
        author = "BackupLens"
        description = "A note to a victim: data was taken, and will be published unless somebody gets in touch"
        severity = "high"
        reference = "https://attack.mitre.org/techniques/T1657/"
    strings:
        $taken1 = /(we|we've|we have) (also )?(have )?(downloaded|stolen|exfiltrated|copied|extracted) (\w+ ){0,4}(your|data|files|documents)/ ascii wide nocase
        $taken2 = /your (\w+ ){0,2}(data|files|documents|databases) (\w+ ){0,2}(have been|has been|was|were|are) (\w+ )?(downloaded|stolen|exfiltrated|copied)/ ascii wide nocase
        $threat1 = /(will|shall) (be )?(publish|leak|sell|disclose|post)(ed)?/ ascii wide nocase
        $threat2 = /(leak|data|news) (site|blog)/ ascii wide nocase
        $threat3 = /(if you|in case you|unless you) (do not|don't|refuse|ignore|fail|contact|pay)/ ascii wide nocase
        $reach1 = /[a-z2-7]{16,56}\.onion/ ascii wide nocase
        $reach2 = /tor browse[r]/ ascii wide nocase
        $reach3 = /\b(tox|session|jabber|telegram)( id)?\s{0,3}[:=]/ ascii wide nocase
        $reach4 = /@(protonmail|proton|tutanota|tuta|onionmail|cock|mail2tor|airmail|keemail|firemail|msgsafe|thesecure)\./ ascii wide nocase
        $to_you = /\b(contact us|negotiat(e|ion|ions)|your company|dear (sir|management|ceo|director))/ ascii wide nocase
    condition:
        filesize < 64KB and Short_Text and 1 of ($taken*) and 2 of ($threat*) and 1 of ($reach*) and $to_you
}

rule Ransom_Note_Bitcoin_Demand : ransom_note
{
    meta:
        author = "BackupLens"
        description = "A note to a victim: an amount in bitcoin, an address to send it to, and data in exchange"
        severity = "high"
        reference = "https://attack.mitre.org/techniques/T1486/"
    strings:
        // As left in emptied databases: "send 0.05 BTC to this address ... to recover your lost database".
        $amount = /(send|pay|transfer|deposit) (\w+ ){0,4}(\$|usd )?[0-9]{1,6}([.,][0-9]{1,8})? ?(\$ |usd )?(\(?(in|of|worth of) )?(btc|bitcoins?|xmr|monero)/ ascii wide nocase
        $address1 = /\b(bc1[ac-hj-np-z02-9]{25,62}|[13][1-9A-HJ-NP-Za-km-z]{25,34})\b/ ascii wide
        $address2 = /\b[48][0-9AB][1-9A-HJ-NP-Za-km-z]{93}\b/ ascii wide
        $data = /(recover|restore|decrypt|get back|return|unlock) (\w+ ){0,3}(files?|data|databases?|documents?|server)/ ascii wide nocase
    condition:
        filesize < 64KB and $amount and 1 of ($address*) and $data
}
